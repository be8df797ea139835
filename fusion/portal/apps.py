"""Registers this room with Django."""

from django.apps import AppConfig


class Room(AppConfig):
    """The room `portal`."""

    name = "fusion.portal"
    label = "portal"
