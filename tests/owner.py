"""Acting as the owner of the tables, for a test that does what servers and workers may not."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection


@contextmanager
def as_owner() -> Iterator[None]:
    """Within, this thread's statements run with the owner's rights.

    Not inside a transaction that is going to fail: the role could not be given back in it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")


def owner_rows(sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """The rows of one statement that the owner runs."""
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else []


def switch_off_triggers(*tables: str) -> None:
    """For damage that the triggers prevent. Call it as the owner, in a transaction that is rolled
    back: it locks the tables.
    """
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
