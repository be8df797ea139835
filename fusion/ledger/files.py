"""Balances and entries as tables of files."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from fusion.kernel.sheets.send import Table, paged_table
from fusion.kernel.stream import Query
from fusion.ledger.queries import totals_by_subscription

BALANCE_COLUMNS = ("sku", "type", "metric", "granted", "used", "available")

ENTRY_COLUMNS = (
    "at",
    "sequence",
    "sku",
    "kind",
    "quantity",
    "granted_after",
    "used_after",
    "order_number",
    "order_id",
    "holder_type",
    "holder_id",
    "actor",
)


def balances_table(items: Sequence[Mapping[str, Any]]) -> Table:
    """The balances of one subscription."""

    def rows(_query: Query) -> Iterator[Sequence[Any]]:
        return ([item[column] for column in BALANCE_COLUMNS] for item in items)

    return Table("balances", BALANCE_COLUMNS, rows, snapshot=False)


def totals_table(items: Sequence[Mapping[str, Any]]) -> Table:
    """The totals of a subtree, a row for each SKU."""
    return replace(balances_table(items), name="licenses")


def subscription_totals_table(path: str) -> Table:
    """The balances of all subscriptions under `path`, a row for each subscription and SKU."""

    def flat(items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        return [
            {"subscription_id": each["subscription_id"], "name": each["name"], **balance}
            for each in items
            for balance in each["items"]
        ]

    columns = ("subscription_id", "name", *BALANCE_COLUMNS)
    return paged_table("licenses", columns, partial(totals_by_subscription, path), flat)


def with_holder_cells(items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Entries with type and id of their holder as members."""
    return [
        {
            **item,
            "holder_type": item["holder"] and item["holder"]["type"],
            "holder_id": item["holder"] and item["holder"]["id"],
        }
        for item in items
    ]
