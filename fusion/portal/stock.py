"""Two figures of a type of numbers: what may still be taken, and what the provider has in stock.

What was ordered may be more than there is: an entitlement is no promise that a number exists.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.formats import localize

from fusion.numbers.queries import count_free
from fusion.tenancy.actor import Actor

NUMBER = "number"
"""The metric of balances of numbers."""

MOST_COUNTED = 1_000
"""Free numbers of a type that are counted for a page; beyond that it says that there are more."""


@dataclass(frozen=True, slots=True)
class Stock:
    """How many free numbers of a type the provider has; `more` where not all were counted."""

    count: int
    more: bool

    def __str__(self) -> str:
        """As pages write it: 1,000+ where there are more."""
        return f"{localize(self.count)}{'+' if self.more else ''}"

    def is_short_of(self, left: int) -> bool:
        """Whether there are fewer than may still be taken."""
        return not self.more and self.count < left


def stock_of(actor: Actor, codes: Iterable[str]) -> Mapping[str, Stock]:
    """SKU code → its stock, of those types of numbers; one statement."""
    counts = count_free(actor, list(codes), most=MOST_COUNTED)
    return {
        code: Stock(min(count, MOST_COUNTED), count > MOST_COUNTED)
        for code, count in counts.items()
    }


def with_stock(actor: Actor, balances: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The balances, those of numbers with their `stock` and whether that is `short`."""
    listed = list(balances)
    stocks = stock_of(actor, [each["sku"] for each in listed if each["metric"] == NUMBER])
    return [{**each, **_figures(each, stocks.get(each["sku"]))} for each in listed]


def _figures(balance: Mapping[str, Any], stock: Stock | None) -> dict[str, Any]:
    left = max(balance["granted"] - (balance["used"] or 0), 0)
    return {"left": left, "stock": stock, "short": stock is not None and stock.is_short_of(left)}
