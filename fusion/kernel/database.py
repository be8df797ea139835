"""The first statement of a request is also the health check of its pooled connection.

A connection may have died in the pool (the server was restarted). Asking it beforehand whether
it lives would be one more round trip for every request; instead the first statement, which only
reads, is asked again over a fresh connection when the pooled one turns out to be dead. Every other
failure is final: neither a lock that was waited for in vain nor a full pool is waited for twice.
"""

from collections.abc import Sequence
from typing import Any

from django.db import OperationalError, connection


def first_row(sql: str, parameters: Sequence[Any] = ()) -> tuple[Any, ...] | None:
    """The first row of a statement that only reads, asked twice if the connection was dead.

    Raises OperationalError when the database cannot be reached.
    """
    try:
        return _row(sql, parameters)
    except OperationalError:
        held = connection.connection
        if connection.in_atomic_block or held is None or not held.closed:
            raise
        connection.close()
        pool = getattr(connection, "pool", None)
        if pool is not None:
            pool.check()  # its other connections have probably died with this one
        return _row(sql, parameters)


def _row(sql: str, parameters: Sequence[Any]) -> tuple[Any, ...] | None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        row: tuple[Any, ...] | None = cursor.fetchone()
        return row
