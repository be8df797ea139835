"""Registers this room with Django."""

from django.apps import AppConfig

from fusion.kernel.paths import take_ids_in_any_case


class Room(AppConfig):
    """The room `tenancy`."""

    name = "fusion.tenancy"
    label = "tenancy"

    def ready(self) -> None:
        """Runs before the first route is created."""
        take_ids_in_any_case()
