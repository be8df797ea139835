"""The change feed: every event of the caller's subtree, without gaps or repetitions."""

from django.db import connection

from fusion.access.actor import Actor
from fusion.kernel.errors import InvalidFields
from fusion.kernel.pagination import decode_cursor, encode_cursor

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
    epoch, xid, id = _position(after)
    reach = 0 if actor.organization_id == actor.group_id else REACH
    with connection.cursor() as cursor:
        cursor.execute(FEED, [actor.group_id, actor.path, epoch, str(xid), id, limit, reach])
        *events, (last_epoch, last_xid, last_id, _) = cursor.fetchall()
    items = ",".join(document for *_, document in events)
    return f'{{"items":[{items}],"next":"{encode_cursor(last_epoch, last_xid, last_id)}"}}'


def _position(after: str | None) -> tuple[int, int, int]:
    if after is None:
        return 0, 0, 0
    parts = decode_cursor(after, 3, field="after")
    if not all(part.isascii() and part.isdigit() and len(part) <= 20 for part in parts):
        raise InvalidFields(
            after="Invalid cursor: pass the `next` value of a previous page of this feed."
        )
    epoch, xid, id = (int(part) for part in parts)
    if epoch >= 2**31 or xid >= 2**64 or id >= 2**63:
        raise InvalidFields(
            after="Invalid cursor: pass the `next` value of a previous page of this feed."
        )
    return epoch, xid, id
