"""Registers this room with Django."""

from django.apps import AppConfig


class Room(AppConfig):
    """The room `numbers`."""

    name = "fusion.numbers"
    label = "numbers"
