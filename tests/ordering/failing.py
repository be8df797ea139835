"""Scheduled orders that have failed, in tests."""

from typing import Any

from fusion.lifecycle.apply_due import apply_due_orders
from tests.lifecycle.dating import at
from tests.ordering.placing import fall_due, line, placed, seen
from tests.world import World


def failed(world: World, count: int = 1) -> list[dict[str, Any]]:
    """The documents of orders that failed because nothing is held."""
    orders = [
        placed(world, line(world.seat, 2, "remove"), effective_at=at(1)) for _ in range(count)
    ]
    fall_due(*orders)
    apply_due_orders()
    documents = [seen(world, order) for order in orders]
    assert {each["state"] for each in documents} == {"failed"}
    return documents
