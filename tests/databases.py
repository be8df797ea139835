"""Separate databases for single tests, in the cluster of the test run."""

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connection
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.errors import InsufficientPrivilege

from tests.bounds import PATIENCE

MIGRATED = f"fusion_migrated_{os.getpid()}"
"""A database after `fusion migrate`, which nobody uses."""


def url_of(database: str) -> str:
    """A URL of another database of the test server."""
    parts = conninfo_to_dict(make_conninfo(**_plain(), dbname=database))
    user, password = parts.pop("user", ""), parts.pop("password", "")
    parts.pop("dbname")
    query = "&".join(f"{key}={value}" for key, value in parts.items() if value)
    return f"postgresql://{user}:{password}@/{database}?{query}"


def _plain() -> dict[str, Any]:
    wanted = ("host", "port", "user", "password")
    given = connection.get_connection_params()
    return {key: str(given[key]) for key in wanted if given.get(key)}


@contextmanager
def new_database(template: str = "template1") -> Iterator[str]:
    """A new copy of `template`, which is dropped at the end; its name."""
    name = f"fusion_test_{secrets.token_hex(6)}"
    with _connect() as owner:
        owner.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield name
        finally:
            drop_database(owner, name)


def make_template() -> None:
    """Copy the test database to `MIGRATED`; it has just been migrated and has no connection."""
    with _connect() as owner:
        owner.execute(f"CREATE DATABASE {MIGRATED} TEMPLATE {connection.settings_dict['NAME']}")


def drop_template() -> None:
    """Drop `MIGRATED`."""
    with _connect() as owner:
        drop_database(owner, MIGRATED)


def _connect() -> psycopg.Connection[Any]:
    name = connection.settings_dict["NAME"]
    return psycopg.connect(**_plain(), dbname=name, autocommit=True)


def drop_database(owner: psycopg.Connection[Any], name: str) -> None:
    """Drop a database with the connections to it.

    FORCE needs the right to end each of them, and the owner may not end a superuser's: that of an
    autovacuum worker, which starts at any time and ends by itself.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            owner.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
            return
        except InsufficientPrivilege:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.1)
