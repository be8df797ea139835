"""The pool of database connections of the tests' own process."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def pool_for(actors: int) -> Iterator[None]:
    """As many pooled connections as this many actors need; then as many as before."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")  # opens the pool
    pool = connection.pool  # type: ignore[attr-defined]
    before = pool.min_size, pool.max_size
    pool.resize(min_size=1, max_size=actors)
    try:
        yield
    finally:
        pool.resize(*before)
