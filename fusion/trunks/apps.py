"""Registers this room with Django."""

from django.apps import AppConfig


class Room(AppConfig):
    """The room `trunks`."""

    name = "fusion.trunks"
    label = "trunks"
