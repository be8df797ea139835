"""Registers this room with Django."""

from django.apps import AppConfig


class Room(AppConfig):
    """The room `reporting`."""

    name = "fusion.reporting"
    label = "billing"  # the prefix of its tables
