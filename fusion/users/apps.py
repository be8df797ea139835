"""Registers this room with Django."""

from django.apps import AppConfig


class Room(AppConfig):
    """The room `users`."""

    name = "fusion.users"
    label = "users"
