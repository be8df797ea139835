"""Registers this room with Django."""

from django.apps import AppConfig


class Room(AppConfig):
    """The room `branding`."""

    name = "fusion.branding"
    label = "branding"
