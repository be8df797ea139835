"""Registers this room with Django, which does so for other rooms by itself."""

from django.apps import AppConfig

from fusion.kernel.paths import take_ids_in_any_case


class Room(AppConfig):
    """The room `tenancy`."""

    name = "fusion.tenancy"

    def ready(self) -> None:
        """Runs before the first route is created."""
        take_ids_in_any_case()
