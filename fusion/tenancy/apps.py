"""Registers this room with Django."""

from django.apps import AppConfig

from fusion.kernel.paths import take_ids_in_any_case


class Room(AppConfig):
    """The room `tenancy`."""

    name = "fusion.tenancy"
    label = "tenancy"

    def ready(self) -> None:
        """Before the first route is made."""
        take_ids_in_any_case()
