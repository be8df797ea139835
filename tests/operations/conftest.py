"""A server that the tests of this directory share, and separate databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import MIGRATED, new_database, url_of
from tests.server import Server, run_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`fusion serve` with two processes, on the database of the test run."""
    with run_server(tmp_path_factory.mktemp("server") / "log", "--workers", "2") as running:
        yield running


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """The log file of a process of the test."""
    return tmp_path / "log"


@pytest.fixture
def empty_database() -> Iterator[str]:
    """The URL of a new, empty database."""
    with new_database() as name:
        yield url_of(name)


@pytest.fixture
def migrated_database() -> Iterator[str]:
    """The URL of a new database after `fusion migrate`, without data."""
    with new_database(MIGRATED) as name:
        yield url_of(name)
