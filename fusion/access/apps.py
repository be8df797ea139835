"""Registers this room with Django."""

from django.apps import AppConfig


class Room(AppConfig):
    """The room `access`."""

    name = "fusion.access"
    label = "access"
