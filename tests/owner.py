"""Acting as the owner of the tables, for tests that need more privileges than servers and
workers."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection


@contextmanager
def as_owner() -> Iterator[None]:
    """Inside, this thread's statements run with the owner's privileges.

    Not for a transaction that will fail: it could not reset the role.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")


def owner_rows(sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """The rows of one statement, run by the owner."""
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else []


def switch_off_triggers(*tables: str) -> None:
    """For changes that the triggers prevent.

    Call it as the owner, in a transaction that is rolled back: it locks the tables.
    """
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
