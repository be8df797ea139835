"""Databases that a test makes for itself in the cluster of the test run."""

import time
from typing import Any

import psycopg
from psycopg import sql
from psycopg.errors import InsufficientPrivilege

from tests.bounds import PATIENCE


def drop_database(owner: psycopg.Connection[Any], name: str) -> None:
    """Drop a database with the connections to it.

    FORCE needs the right to end each of them, and the owner may not end a superuser's: that of an
    autovacuum worker, which comes when it wants and leaves by itself.
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
