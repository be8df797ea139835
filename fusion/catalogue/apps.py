"""Registers this room with Django."""

from django.apps import AppConfig


class Room(AppConfig):
    """The room `catalogue`."""

    name = "fusion.catalogue"
    label = "catalogue"
