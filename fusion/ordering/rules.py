"""The rules of orders that need no database. What the numbers allow is decided in `decide.sql`."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

LONGEST_NOTICE = timedelta(days=5 * 366)
"""How far ahead an order may be scheduled: five years, whatever their leap days."""


def repeated_products(products: Sequence[UUID]) -> list[UUID]:
    """The products that stand more than once: a product stands in one line only."""
    seen: set[UUID] = set()
    return list(dict.fromkeys(id for id in products if id in seen or seen.add(id)))  # type: ignore[func-returns-value]


def is_too_far(effective_at: datetime, now: datetime) -> bool:
    """Whether an order cannot be scheduled then: it must lie at most five years ahead."""
    return effective_at > now + LONGEST_NOTICE


def runs_of_distinct(names: Sequence[frozenset[str]]) -> list[range]:
    """Cut a batch into the fewest runs in which no name (key or reference) stands twice.

    An order that repeats a name must see what became of the first, so it comes in a later run.
    """
    runs: list[range] = []
    start, seen = 0, set[str]()
    for index, own in enumerate(names):
        if own & seen:
            runs.append(range(start, index))
            start, seen = index, set()
        seen |= own
    if start < len(names):
        runs.append(range(start, len(names)))
    return runs
