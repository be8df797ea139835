"""A server that the tests of this folder share, and databases of their own."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.databases import drop_database
from tests.server import Server, fusion, run_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`fusion serve` with two processes, on the database of the test run."""
    with run_server(tmp_path_factory.mktemp("server") / "log", "--workers", "2") as running:
        yield running


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where a process of the test writes."""
    return tmp_path / "log"


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
def _database(template: str = "template1") -> Iterator[str]:
    """A new copy of `template`, which is dropped at the end; its name."""
    name = f"fusion_test_{secrets.token_hex(6)}"
    with psycopg.connect(**_plain(), dbname=connection.settings_dict["NAME"], autocommit=True) as c:
        c.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield name
        finally:
            drop_database(c, name)


@pytest.fixture
def empty_database() -> Iterator[str]:
    """The URL of a new, empty database."""
    with _database() as name:
        yield url_of(name)


@pytest.fixture(scope="session")
def migrated_template() -> Iterator[str]:
    """The name of a database after `fusion migrate`, which nobody works on."""
    with _database() as name:
        assert fusion("migrate", environment={"DATABASE_URL": url_of(name)}).returncode == 0
        yield name


@pytest.fixture
def migrated_database(migrated_template: str) -> Iterator[str]:
    """The URL of a new database after `fusion migrate`, with nothing in it yet."""
    with _database(migrated_template) as name:
        yield url_of(name)
