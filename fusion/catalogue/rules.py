"""Rules of a product's items: pure functions of SKU codes and quantities."""

from collections.abc import Iterable, Mapping
from typing import TypedDict


class Item(TypedDict):
    """One SKU of a product, by its code, and its quantity in one product."""

    sku: str
    quantity: int


def repeated(items: Iterable[Item]) -> list[int]:
    """Invariant: a SKU occurs in a product once. Positions of items with a repeated SKU."""
    seen: set[str] = set()
    positions = []
    for position, item in enumerate(items):
        if item["sku"] in seen:
            positions.append(position)
        seen.add(item["sku"])
    return positions


def by_sku(items: Iterable[Item]) -> dict[str, int]:
    """SKU code → quantity, independent of the order of items."""
    return {item["sku"]: item["quantity"] for item in items}


def shown(items: Mapping[str, int]) -> list[Item]:
    """Invariant: equal sets of items give equal lists: items are sorted by SKU code."""
    return [Item(sku=sku, quantity=quantity) for sku, quantity in sorted(items.items())]


def next_revision(revision: int, before: Mapping[str, int], after: Mapping[str, int]) -> int:
    """Invariant: revisions count the changes of the items, from 1 and without gaps."""
    return revision if before == after else revision + 1
