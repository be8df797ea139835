"""The pool of database connections of the tests' own process."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from tests.server import wait_for


@contextmanager
def pool_for(actors: int) -> Iterator[None]:
    """As many open connections as this many actors need; then as many as before.

    An actor that had to wait for one to be opened would give up on a slow machine.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")  # opens the pool
    pool = connection.pool  # type: ignore[attr-defined]
    before = pool.min_size, pool.max_size
    pool.resize(min_size=actors, max_size=actors)
    wait_for(lambda: pool.get_stats()["pool_size"] >= actors, "connections for all actors")
    try:
        yield
    finally:
        pool.resize(*before)
