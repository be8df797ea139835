"""A pool for many actors: each has its own database connection."""

from collections.abc import Iterator

import pytest

from tests.concurrency.pool import pool_for

ACTORS = 40


@pytest.fixture(autouse=True, scope="session")
def crowded() -> Iterator[None]:
    """As many pooled connections as the largest test has actors."""
    with pool_for(ACTORS):
        yield
