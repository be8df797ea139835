"""Registers this room with Django."""

from django.apps import AppConfig


class Room(AppConfig):
    """The room `events`."""

    name = "fusion.events"
    label = "events"
