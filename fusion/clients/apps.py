"""Registers this room with Django."""

from django.apps import AppConfig


class Room(AppConfig):
    """The room `clients`."""

    name = "fusion.clients"
    label = "clients"
