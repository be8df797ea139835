"""Running statements. The first one of a request is also the health check of its connection.

A connection may have died in the pool (the server was restarted). A check beforehand would be one
more round trip for every request. Instead the first statement, which only reads, is repeated over
a new connection if the pooled one is dead. Every other failure is final: nobody waits a second
time for a lock or a full pool.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from time import monotonic
from typing import Any

from django.db import OperationalError, connection

from fusion.kernel.pooler import is_pooled
from fusion.kernel.postgresql import budget
from fusion.kernel.postgresql.connections import Connection
from fusion.kernel.postgresql.parameters import with_settings

type Parameters = Sequence[Any] | Mapping[str, Any]

HOT, BULK = 10, 60
"""Limits of a server's statements in seconds: the usual one, and that of batches, bulk changes and
each portion of a long answer. Statements of the worker and of commands have no limit."""


def limit_statements(seconds: int) -> None:
    """Limit the statements of this process's future connections; DATABASE_URL's `options` override
    it."""
    options = connection.settings_dict["OPTIONS"]
    Connection.silence_limit = seconds
    if "options" in options:
        limit = {"statement_timeout": f"{seconds}s"}
        options["options"] = with_settings(limit, options["options"])


@contextmanager
def longer_statements(seconds: int = BULK) -> Iterator[None]:
    """Inside, this thread's statements may run for `seconds`, if statements have a limit at all.

    It costs one more round trip, and two outside of a transaction.
    """
    connection.ensure_connection()
    limit = connection.connection.limit
    if limit is None or limit >= seconds:
        yield
        return
    if is_pooled():
        connection.connection.limit = seconds  # PostgreSQL's own limit is that of the role
        yield
        return
    local = connection.in_atomic_block
    first_row("SELECT set_config('statement_timeout', %s::text, %s::bool)", [f"{seconds}s", local])
    connection.connection.limit = seconds
    try:
        yield
    finally:
        if not local and connection.connection is not None and not connection.connection.closed:
            execute("RESET statement_timeout")
            connection.connection.limit = limit


def first_row(sql: str, parameters: Parameters | None = None) -> tuple[Any, ...] | None:
    """The first row of a statement that only reads, sent twice if the connection was dead.

    Raises OperationalError if the database is unreachable.
    """
    begun = monotonic()
    try:
        return fetch_row(sql, parameters)
    except OperationalError:
        held = connection.connection
        if connection.in_atomic_block or held is None or not held.closed:
            raise
        connection.close()  # if its server was given up, the pool replaces the others
        if not held.gave_up:
            connection.pool.check()  # type: ignore[attr-defined]  # they have probably died too
        with budget.within(budget.seconds() - (monotonic() - begun)):
            return fetch_row(sql, parameters)


def execute(sql: str, parameters: Parameters | None = None) -> int:
    """Run a statement, or several without parameters; returns how many rows were affected."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return int(cursor.rowcount)


def fetch_rows(sql: str, parameters: Parameters | None = None) -> list[tuple[Any, ...]]:
    """All rows of a statement."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def fetch_dicts(sql: str, parameters: Parameters | None = None) -> list[dict[str, Any]]:
    """All rows of a statement, each as column name → value."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def fetch_row(sql: str, parameters: Parameters | None = None) -> tuple[Any, ...] | None:
    """The first row of a statement."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        row: tuple[Any, ...] | None = cursor.fetchone()
        return row


def database_now() -> datetime:
    """The present instant by the database's clock, which also decides what is due."""
    at: datetime = fetch_value("SELECT kernel_now()")
    return at


def fetch_value(sql: str, parameters: Parameters | None = None) -> Any:
    """The first column of the first row; None without a row."""
    row = fetch_row(sql, parameters)
    return None if row is None else row[0]
