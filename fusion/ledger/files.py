"""Balances and entries as tables of files."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fusion.kernel.sheets.send import Table
from fusion.kernel.stream import Query

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
