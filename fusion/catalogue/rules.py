"""Rules of a product's items, of the quantities held, and of required products: pure functions."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TypedDict

from fusion.kernel.errors import InvalidFields


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


@dataclass(frozen=True, slots=True)
class Limits:
    """The quantities of a product that a subscription may hold; None is no limit.

    Invariant: 0 is allowed, and so is each multiple of `step` from `min_quantity` to
    `max_quantity`. `ordering/product_rules.sql` decides by the same rule.
    """

    min_quantity: int | None = None
    max_quantity: int | None = None
    step: int | None = None

    @property
    def least(self) -> int:
        """The smallest quantity above 0 that is allowed."""
        step = self.step or 1
        return -(-(self.min_quantity or 1) // step) * step

    def check(self) -> None:
        """InvalidFields unless a quantity above 0 is allowed."""
        low, high, step = self.min_quantity or 1, self.max_quantity, self.step
        if high is None or self.least <= high:
            return
        if low > high:
            raise InvalidFields(max_quantity=f"must be the minimum ({low}) or more; it is {high}")
        raise InvalidFields(
            step=f"no multiple of {step} lies between {low} and {high}; change one of the three"
        )


def cycle(requires: Mapping[str, Collection[str]], product: str) -> list[str] | None:
    """Invariant: no product requires itself, directly or through others.

    The products of a cycle through `product`, from it to itself; None without one. `requires` are
    the codes that each product requires.
    """
    paths = {product: [product]}
    waiting = [product]
    while waiting:
        at = waiting.pop(0)
        for code in sorted(requires.get(at, ())):
            if code == product:
                return [*paths[at], code]
            if code not in paths:
                paths[code] = [*paths[at], code]
                waiting.append(code)
    return None
