"""Registers this room with Django."""

from django.apps import AppConfig


class Room(AppConfig):
    """The room `ledger`."""

    name = "fusion.ledger"
    label = "ledger"
