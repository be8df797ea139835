"""A pool for many actors: each has its own database connection."""

from collections.abc import Iterator

import pytest
from django.db import connection

ACTORS = 40


@pytest.fixture(autouse=True, scope="session")
def crowded() -> Iterator[None]:
    """As many pooled connections as the largest test has actors."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")  # opens the pool
    pool = connection.pool  # type: ignore[attr-defined]
    pool.resize(min_size=1, max_size=ACTORS)
    yield
    pool.resize(min_size=1, max_size=4)
