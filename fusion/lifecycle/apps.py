"""Registers this room with Django."""

from django.apps import AppConfig


class Room(AppConfig):
    """The room `lifecycle`."""

    name = "fusion.lifecycle"
    label = "lifecycle"
