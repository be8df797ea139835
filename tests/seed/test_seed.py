"""What `fusion seed` makes up is right, and can be worked with."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from django.db import connection

from fusion.ordering.verify import differences
from fusion.seed.plan import Plan
from fusion.seed.seed import seed


@pytest.fixture(scope="module")
def groups() -> Iterator[list[UUID]]:
    """Two providers with 400 orders between them."""
    yield seed(Plan(groups=2, tenants=30, subscriptions=40, orders=401))


def rows(sql: str, groups: list[UUID]) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, [groups])
        return cursor.fetchall()


def test_books(groups: list[UUID]) -> None:
    """Nothing is there that history does not explain."""
    assert differences() == []
