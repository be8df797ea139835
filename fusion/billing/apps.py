"""Registers this room with Django."""

from django.apps import AppConfig


class Room(AppConfig):
    """The room `billing`."""

    name = "fusion.billing"
    label = "billing"
