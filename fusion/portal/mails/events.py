"""Reading the feed to write mails: the API may change an object without knowing of e-mails, so the
worker writes them.

A reader's position moves in the transaction that writes the mails, so that each event is reported
once.
"""

from collections.abc import Callable
from typing import Any

import orjson
from django.db import connection, transaction

# As in the feed: transactions in progress may still add events before those that are visible. The
# indexes `event_for_mails` and `event_of_failed_order` have the events that are read.
NEXT = """
SELECT e.epoch, e.xid::text, e.id, e.type, e.group_id, e.data::text
FROM portal_position p
JOIN events_event e ON (e.epoch, e.xid, e.id) > (p.epoch, p.xid, p.event)
WHERE p.reader = %s AND e.type LIKE %s
  AND (e.epoch < events_epoch() OR e.xid < pg_snapshot_xmin(pg_current_snapshot()))
ORDER BY e.epoch, e.xid, e.id
LIMIT %s
"""

LOCK = "SELECT FROM portal_position WHERE reader = %s FOR UPDATE SKIP LOCKED"

MOVE = "UPDATE portal_position SET epoch = %s, xid = %s::xid8, event = %s WHERE reader = %s"

Handle = Callable[[str, Any, dict[str, Any]], None]
"""Takes what happened to the object, its group, and its document."""


def for_each_event(
    reader: str, noun: str, handle: Handle, limit: int, *, only: str | None = None
) -> int:
    """Handle up to `limit` further events of a noun, or those of what is `only` to be read; returns
    how many there were.
    """
    with transaction.atomic():
        if not rows(LOCK, [reader]):
            return 0  # another worker is doing this
        events = rows(NEXT, [reader, f"{noun}.{only or '%'}", limit])
        for *_, type, group, data in events:
            handle(type.removeprefix(f"{noun}."), group, orjson.loads(data))
        if events:
            epoch, xid, event = events[-1][:3]
            with connection.cursor() as cursor:
                cursor.execute(MOVE, [epoch, xid, event, reader])
    return len(events)


def rows(sql: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
    """The rows of a statement."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found
