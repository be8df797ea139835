"""Registers this room with Django."""

from django.apps import AppConfig


class Room(AppConfig):
    """The room `accounts`."""

    name = "fusion.accounts"
    label = "accounts"
