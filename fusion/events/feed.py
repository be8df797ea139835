"""The change feed: every event of the caller's subtree, without gaps or repetitions."""

from fusion.access.actor import Actor
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
"""Most events of others that one call skips, so that no call takes long."""

FEED = (
    "SELECT epoch, xid, id, document"
    " FROM billing_feed(%s::uuid, %s::text, %s::int, %s::xid8, %s::bigint, %s::int, %s::int)"
)


def read_feed(actor: Actor, *, after: str | None, limit: int) -> str:
    """Up to `limit` events after the cursor as JSON text, with the cursor to continue from.

    Fewer events than `limit`, even none, do not mean the end: always continue with `next`.
    """
    epoch, xid, id = decode_position(after, field="after") if after is not None else (0, 0, 0)
    reach = 0 if actor.organization_id == actor.group_id else REACH
    *events, (last_epoch, last_xid, last_id, _) = fetch_rows(
        FEED, [actor.group_id, actor.path, epoch, str(xid), id, limit, reach]
    )
    items = ",".join(document for *_, document in events)
    return f'{{"items":[{items}],"next":"{encode_cursor(last_epoch, last_xid, last_id)}"}}'


def decode_position(cursor: str, *, field: str = "cursor") -> tuple[int, int, int]:
    """Epoch, transaction and id of the event in `cursor`; InvalidFields for `field`."""
    parts = (position(MAX_INT), position(MAX_XID), position(MAX_BIGINT))
    epoch, xid, id = decode_cursor(cursor, *parts, field=field)
    return epoch, xid, id
