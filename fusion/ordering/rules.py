"""The rules of orders that need no database. `decide.sql` checks quantities against balances."""

from collections.abc import Sequence
from datetime import datetime

LONGEST_NOTICE = 5
"""How many years ahead an order may be scheduled."""


def repeated_products[T](lines: Sequence[tuple[T, str]]) -> list[T]:
    """The products of (product, action) that stand in too many lines.

    A product may stand in one line, or in one `add` and one `remove` line.
    """
    actions: dict[T, list[str]] = {}
    for product, action in lines:
        actions.setdefault(product, []).append(action)
    return [
        product
        for product, found in actions.items()
        if len(found) > 1 and sorted(found) != ["add", "remove"]
    ]


def is_too_far(effective_at: datetime, now: datetime) -> bool:
    """Whether this time is too far ahead: an order can be scheduled at most five years ahead."""
    year = now.year + LONGEST_NOTICE
    is_leap_day = (now.month, now.day) == (2, 29)
    latest = now.replace(year=year, month=3, day=1) if is_leap_day else now.replace(year=year)
    return effective_at > latest


def runs_of_distinct(names: Sequence[frozenset[str]]) -> list[range]:
    """Cut a batch into the fewest runs in which no name (key or reference) occurs twice.

    An order that repeats a name must see the result of the first, so it goes into a later run.
    """
    runs: list[range] = []
    start, seen = 0, set[str]()
    for index, own in enumerate(names):
        if own & seen:
            runs.append(range(start, index))
            start, seen = index, set()
        seen |= own
    if names:
        runs.append(range(start, len(names)))
    return runs
