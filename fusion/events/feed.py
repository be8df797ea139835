"""The change feed: every event of the caller's subtree, without gaps or repetitions."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from fusion.access.actor import Actor
from fusion.events.types import EVENT_TYPES, OBJECTS
from fusion.kernel.database import fetch_rows
from fusion.kernel.pagination import (
    MAX_BIGINT,
    MAX_INT,
    MAX_XID,
    decode_cursor,
    encode_cursor,
    position,
)

REACH = 5_000
"""Most unwanted events that one call skips, so that no call takes long."""

FEED = (
    "SELECT epoch, xid, id, document FROM events_feed(%s::uuid, %s::text, %s::int, %s::xid8,"
    " %s::bigint, %s::int, %s::int, %s::text[], %s::text[], %s::uuid, %s::uuid, %s::timestamptz)"
)

POSITION = "SELECT epoch, xid FROM events_position(%s::timestamptz)"

BEGINNING = (0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Which events a reader wants: those that match each of these that is given.

    `types` are types of events and `<object>.*`: an event matches one of them.
    """

    types: frozenset[str] = frozenset()
    subscription_id: UUID | None = None
    organization_id: UUID | None = None

    def parameters(self) -> list[Any]:
        """The filters as `events_feed` takes them."""
        nouns = sorted(each.removesuffix(".*") for each in self.types if each.endswith(".*"))
        whole = sorted(each for each in self.types if not each.endswith(".*"))
        types = [whole, nouns] if self.types else [None, None]
        return [*types, self.subscription_id, self.organization_id]


EVERYTHING = EventFilter()


def read_feed(
    actor: Actor,
    *,
    after: str | None,
    limit: int,
    wanted: EventFilter = EVERYTHING,
    since: datetime | None = None,
) -> str:
    """Up to `limit` events after the cursor as JSON text, with the cursor to continue from.

    Fewer events than `limit`, even none, do not mean the end: always continue with `next`.
    Without `after`, from the first event that was written at `since` or later, or from the
    beginning; a few earlier events may come too.
    """
    start = BEGINNING
    if after is not None:
        start = decode_position(after, field="after")
    elif since is not None:
        start = position_of(since)
    epoch, xid, id = start
    has_all = actor.organization_id == actor.group_id and wanted == EVERYTHING and since is None
    parameters = [actor.group_id, actor.path, epoch, str(xid), id, limit, 0 if has_all else REACH]
    *events, (last_epoch, last_xid, last_id, _) = fetch_rows(
        FEED, [*parameters, *wanted.parameters(), since]
    )
    items = ",".join(document for *_, document in events)
    return f'{{"items":[{items}],"next":"{encode_cursor(last_epoch, last_xid, last_id)}"}}'


def read_end() -> str:
    """No events, as JSON text, with the cursor before all events that nobody can have read yet."""
    return f'{{"items":[],"next":"{encode_cursor(*position_of(None))}"}}'


def position_of(at: datetime | None) -> tuple[int, int, int]:
    """A position before all events written at `at` or later; None: before those still to come."""
    for epoch, xid in fetch_rows(POSITION, [at]):
        return epoch, int(xid), 0
    return BEGINNING


def decode_position(cursor: str, *, field: str = "cursor") -> tuple[int, int, int]:
    """Epoch, transaction and id of the event in `cursor`; InvalidFields for `field`."""
    parts = (position(MAX_INT), position(MAX_XID), position(MAX_BIGINT))
    epoch, xid, id = decode_cursor(cursor, *parts, field=field)
    return epoch, xid, id


def check_types(types: list[str]) -> list[str]:
    """The types and `<object>.*` themselves; ValueError for the first that does not exist."""
    for type in types:
        if type not in EVENT_TYPES and not (type.endswith(".*") and type[:-2] in OBJECTS):
            raise ValueError(
                f"“{type[:64]}” is neither a type of event nor an object with .*, "
                "such as order.completed or order.*"
            )
    return types
