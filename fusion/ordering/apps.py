"""Registers this room with Django."""

from django.apps import AppConfig


class Room(AppConfig):
    """The room `ordering`."""

    name = "fusion.ordering"
    label = "ordering"
