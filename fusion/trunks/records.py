"""Read models of call records: a page of them, newest first, or a whole period as one stream.

Each query is one range of an index on the owner and the end of the call, at every level of the
tree; it visits the table's partitions in order.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from fusion.access.actor import GROUP, Actor
from fusion.kernel.clock import instant, read_instant
from fusion.kernel.database import fetch_rows
from fusion.kernel.pagination import MAX_BIGINT, decode_cursor, encode_cursor, page, position
from fusion.kernel.sheets.send import Table
from fusion.kernel.stream import Query, Row, json_items

COLUMNS = (
    "id",
    "subscription_id",
    "trunk_id",
    "direction",
    "call_id",
    "caller",
    "callee",
    "emergency",
    "admitted_at",
    "ended_at",
    "duration_seconds",
    "reason",
    "emergency_callback",
)

SELECT = """
SELECT id, subscription_id, trunk_id, direction, call_id, caller, callee, emergency, admitted_at,
       ended_at, floor(extract(epoch FROM ended_at - admitted_at))::int, reason,
       emergency_callback
FROM trunks_callrecord
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedRecords:
    """The filters: owner, and the period in which the calls ended. The ids have been found visible.

    A trunk's records are searched among those of its subscription, which have an index of their
    own.
    """

    subscription_id: UUID | None = None
    trunk_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None

    def condition(self, actor: Actor) -> tuple[str, list[Any]]:
        """The WHERE condition and its parameters."""
        parts: list[tuple[str, Any]] = []
        if self.subscription_id is not None:
            parts.append(("subscription_id = %s::uuid", self.subscription_id))
        if self.subscription_id is None or actor.kind != GROUP:
            # Also of a subscription: it may have had another owner, whose records stay theirs.
            parts.append((f"{actor.kind}_id = %s::uuid", actor.organization_id))
        if self.trunk_id is not None:
            parts.append(("trunk_id = %s::uuid", self.trunk_id))
        if self.since is not None:
            parts.append(("ended_at >= %s::timestamptz", self.since))
        if self.until is not None:
            parts.append(("ended_at < %s::timestamptz", self.until))
        return " AND ".join(part for part, _ in parts), [value for _, value in parts]


def list_records(
    actor: Actor, wanted: WantedRecords, *, limit: int, cursor: str | None = None
) -> dict[str, Any]:
    """One page, newest first."""
    condition, parameters = wanted.condition(actor)
    if cursor is not None:
        condition += " AND (ended_at, id) < (%s::timestamptz, %s::bigint)"
        parameters += decode_cursor(cursor, read_instant, position(MAX_BIGINT))
    sql = f"{SELECT} WHERE {condition} ORDER BY ended_at DESC, id DESC LIMIT %s"
    rows, more = page(fetch_rows(sql, [*parameters, limit + 1]), limit)
    following = encode_cursor(instant(rows[-1][9]), rows[-1][0]) if more else None
    return {"items": [_document(row) for row in rows], "next": following}


def records_as_json(actor: Actor, wanted: WantedRecords, query: Query) -> Iterator[str]:
    """All records as one list, oldest first."""
    yield '{"items":['
    yield from json_items(
        orjson.dumps(_document(row)).decode() for row in _rows(actor, wanted, query)
    )
    yield '],"next":null}'


def records_table(actor: Actor, wanted: WantedRecords) -> Table:
    """All records, oldest first."""

    def rows(query: Query) -> Iterator[Sequence[Any]]:
        return (tuple(_document(row).values()) for row in _rows(actor, wanted, query))

    return Table("call-records", COLUMNS, rows)


def _rows(actor: Actor, wanted: WantedRecords, query: Query) -> Iterator[Row]:
    condition, parameters = wanted.condition(actor)
    return query(f"{SELECT} WHERE {condition} ORDER BY ended_at, id", parameters)


def _document(row: Sequence[Any]) -> dict[str, Any]:
    record = dict(zip(COLUMNS, row, strict=True))
    for name in ("subscription_id", "trunk_id"):
        record[name] = str(record[name])
    for name in ("admitted_at", "ended_at"):
        record[name] = instant(record[name])
    return record
