"""Two figures of a type of numbers: how many may still be assigned, and how many are in stock.

A customer may have ordered more than there are: an entitlement does not guarantee that a number
exists.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.formats import localize

from fusion.access.actor import Actor
from fusion.catalogue.models import NUMBER
from fusion.numbers.queries import count_free

MOST_COUNTED = 1_000
"""Most free numbers of a type that are counted for a page."""


@dataclass(frozen=True, slots=True)
class Stock:
    """How many free numbers of a type the provider has; `more` if not all were counted."""

    count: int
    more: bool

    def __str__(self) -> str:
        """As shown on pages: 1,000+ if there are more."""
        return f"{localize(self.count)}{'+' if self.more else ''}"

    def is_short_of(self, left: int) -> bool:
        """Whether fewer numbers are in stock than may still be assigned."""
        return not self.more and self.count < left


def stock_of(actor: Actor, codes: Iterable[str]) -> Mapping[str, Stock]:
    """SKU code → stock of that type of numbers; one statement."""
    counts = count_free(actor, list(codes), most=MOST_COUNTED)
    return {
        code: Stock(min(count, MOST_COUNTED), count > MOST_COUNTED)
        for code, count in counts.items()
    }


def with_stock(actor: Actor, balances: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The balances; those of numbers with their `stock` and whether that is `short`."""
    listed = list(balances)
    stocks = stock_of(actor, [each["sku"] for each in listed if each["metric"] == NUMBER])
    return [{**each, **_figures(each, stocks.get(each["sku"]))} for each in listed]


def _figures(balance: Mapping[str, Any], stock: Stock | None) -> dict[str, Any]:
    left = max(balance["granted"] - (balance["used"] or 0), 0)
    return {"left": left, "stock": stock, "short": stock is not None and stock.is_short_of(left)}
