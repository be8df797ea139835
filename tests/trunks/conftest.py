"""Fixtures of several tests of trunks."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from fusion.kernel.clock import now
from tests.concurrency.pool import pool_for
from tests.server import Server, run_server

CROWD = 40
"""Concurrent actors."""


@pytest.fixture
def day() -> datetime:
    """The beginning of a past day."""
    return now().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=20)


@pytest.fixture(scope="module")
def crowded() -> Iterator[None]:
    """A connection for each of a crowd."""
    with pool_for(CROWD + 4):
        yield


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real server: one process with few connections."""
    log: Path = tmp_path_factory.mktemp("trunks") / "log"
    with run_server(log, "--workers", "1", environment={"FUSION_DATABASE_POOL": "4"}) as running:
        yield running
