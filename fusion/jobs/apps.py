"""Registers this room with Django."""

from django.apps import AppConfig


class Room(AppConfig):
    """The room `jobs`."""

    name = "fusion.jobs"
    label = "jobs"
