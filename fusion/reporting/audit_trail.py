"""Reading the audit trail: who did what, newest first."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from fusion.access.actor import Actor
from fusion.kernel.clock import read_instant
from fusion.kernel.database import fetch_dicts, fetch_row
from fusion.kernel.pagination import MAX_BIGINT, decode_cursor, encode_cursor, page, position
from fusion.tenancy.models import Organization, Subscription

WALK = 50_000
"""Records that one page skips in search of rare ones; the next page continues from there."""

# The inner query scans a range of an index in its order. Its LIMIT enforces this plan for any
# other conditions, and ends the scan as soon as the page is full.
WALKED = """
SELECT r.id, r.at, r.path, r.subscription_id, r.actor, r.request_id, r.verb, r.object_type,
       r.object_id, r.detail
FROM tenancy_auditrecord r
WHERE r.group_id = %(group)s::uuid AND {source}
  AND (%(since)s::timestamptz IS NULL OR r.at >= %(since)s::timestamptz)
  AND (%(until)s::timestamptz IS NULL OR r.at < %(until)s::timestamptz)
  AND (%(last_at)s::timestamptz IS NULL
       OR (r.at, r.id) < (%(last_at)s::timestamptz, %(last_id)s::bigint))
ORDER BY r.at DESC, r.id DESC
"""

FOUND = """
SELECT w.id, w.at, w.path, w.subscription_id, w.actor, w.request_id, w.verb, w.object_type,
       w.object_id, w.detail::text AS detail
FROM ({walked} LIMIT %(walk)s::int) w
WHERE position(%(reader)s::text IN w.path) > 0
  AND (%(organization)s::text IS NULL OR position(%(organization)s::text IN w.path) > 0)
  AND (%(verb)s::text IS NULL OR w.verb = %(verb)s::text
       OR starts_with(w.verb, %(verb)s::text || '.'))
  AND (%(actor)s::text IS NULL OR w.actor = %(actor)s::text)
ORDER BY w.at DESC, w.id DESC
LIMIT %(limit)s::int
"""

WALKED_TO = "SELECT w.at, w.id FROM ({walked} OFFSET %(walk)s::int - 1 LIMIT 1) w"


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedRecords:
    """The filters. The caller has checked that the subscription or the organization is visible.

    Records match all of them; with both, the subscription has to be below the organization.
    `verb` is a complete verb such as `user.link`, or an object such as `user`: every change of a
    user. `actor` is a label such as `member:<id>`. `since` is inclusive, `until` exclusive.
    """

    subscription: Subscription | None = None
    organization: Organization | None = None
    object_id: str | None = None
    verb: str | None = None
    actor: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def source(self) -> str:
        """The condition that an index serves; see `AuditRecord`."""
        conditions = ["TRUE"]
        if self.object_id is not None:
            conditions.append("r.object_id = %(object)s::text")
        if self.subscription is not None:
            conditions.append("r.subscription_id = %(subscription)s::uuid")
        return " AND ".join(conditions)

    def sifts(self, actor: Actor) -> bool:
        """Whether there are filters that the index does not serve: records may be skipped."""
        above = actor.organization_id == actor.group_id or self.subscription is not None
        return bool(self.verb or self.actor or self.organization) or not above


def list_audit(
    actor: Actor, wanted: WantedRecords, *, limit: int, cursor: str | None = None
) -> dict[str, Any]:
    """One page of the audit records that `actor` sees, newest first: {items, next}.

    It sees those of its subtree as the tree was when they were written.

    Each item has `id`, `at` (a datetime), `path`, `subscription_id` (None if the object belongs to
    no subscription), `actor` (a label), `request_id`, `verb`, `object_type`, `object_id` and
    `detail` (the arguments, as an object).

    One page skips at most `WALK` records: with rare matches it may have fewer than `limit` items,
    or none, and still a `next` cursor.
    """
    last_at, last_id = (
        decode_cursor(cursor, read_instant, position(MAX_BIGINT)) if cursor else (None, None)
    )
    walked = WALKED.format(source=wanted.source())
    parameters = {
        "group": actor.group_id,
        "subscription": wanted.subscription.id if wanted.subscription else None,
        "object": wanted.object_id,
        "reader": f"{actor.organization_id.hex}/",
        "organization": f"{wanted.organization.id.hex}/" if wanted.organization else None,
        "verb": wanted.verb,
        "actor": wanted.actor,
        "since": wanted.since,
        "until": wanted.until,
        "last_at": last_at,
        "last_id": last_id,
        "walk": WALK,
        "limit": limit + 1,
    }
    rows, more = page(fetch_dicts(FOUND.format(walked=walked), parameters), limit)
    end = (rows[-1]["at"], rows[-1]["id"]) if more else None
    if not more and (wanted.sifts(actor) or limit >= WALK):
        # Where a page that is not full stopped; None if nothing follows.
        end = fetch_row(WALKED_TO.format(walked=walked), parameters)
    return {
        "items": [{**row, "detail": orjson.loads(row["detail"])} for row in rows],
        "next": encode_cursor(end[0].isoformat(), end[1]) if end else None,
    }
