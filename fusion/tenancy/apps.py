"""Registers this room with Django."""

from django.apps import AppConfig


class Room(AppConfig):
    """The room `tenancy`."""

    name = "fusion.tenancy"
    label = "tenancy"
