"""The database of a command: the one that DATABASE_URL names, or the embedded one, leased.

Only here is a lease taken. Everything else, this process's children included, finds DATABASE_URL.
"""

import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import django
from django.db import connections

from fusion.embedded import Cluster, lease
from fusion.kernel.environment import setting


@contextmanager
def database() -> Iterator[None]:
    """Have a database and Django ready; what was opened is closed at the end."""
    held = None
    if not setting("DATABASE_URL"):
        held = lease(Cluster(Path("var/postgres")))
        os.environ["DATABASE_URL"] = held.url
    try:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fusion.settings")
        django.setup()
        yield
    finally:
        close_connections()
        if held is not None:
            held.release()


def close_connections() -> None:
    """Close this process's connections and their pool, whose threads must not be forked."""
    for connection in connections.all(initialized_only=True):
        connection.close()
        if hasattr(connection, "close_pool"):
            connection.close_pool()


def perform(work: str, **options: Any) -> int | None:
    """Run `run(**options)` of the module named `work`, with the database at hand.

    The module is loaded by name and only now: Django's models cannot be imported before it is
    known where the database is, and `fusion --help` should not wait for them.
    """
    with database():
        code: int | None = importlib.import_module(work).run(**options)
        return code
