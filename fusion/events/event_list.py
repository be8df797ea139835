"""Browsing events: those of a group, newest first.

Unlike the feed (`feed.sql`) it shows every committed event, and its order is not one to continue
from.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from fusion.access.actor import Actor
from fusion.events.feed import BEGINNING, EVERYTHING, EventFilter, decode_position, position_of
from fusion.kernel.database import fetch_rows
from fusion.kernel.pagination import MAX_BIGINT, MAX_INT, encode_cursor

WALK = 5_000
"""Most events that one page skips: with rare matches it returns fewer, and continues."""

EVENTS = """
WITH walked AS MATERIALIZED (
    SELECT e.epoch, e.xid, e.id, e.type, e.subscription_id, e.path, e.subject, e.at
    FROM events_event e
    WHERE e.group_id = %(group)s::uuid
      AND (e.epoch, e.xid, e.id)
          < (%(epoch)s::int, %(xid)s::text::xid8, %(event)s::bigint)
      AND (e.epoch, e.xid, e.id)
          > (%(first_epoch)s::int, %(first_xid)s::text::xid8, %(first_event)s::bigint)
    ORDER BY e.epoch DESC, e.xid DESC, e.id DESC
    LIMIT %(walk)s::int
), found AS MATERIALIZED (
    SELECT * FROM walked w
    WHERE (%(types)s::text[] IS NULL OR w.type = ANY (%(types)s::text[])
           OR split_part(w.type, '.', 1) = ANY (%(nouns)s::text[]))
      AND (%(subscription)s::uuid IS NULL OR w.subscription_id = %(subscription)s::uuid)
      AND (%(organization)s::text IS NULL OR position(%(organization)s::text IN w.path) > 0)
      AND (%(subject)s::text IS NULL OR w.subject = %(subject)s::text)
      AND (%(since)s::timestamptz IS NULL OR w.at >= %(since)s::timestamptz)
    ORDER BY w.epoch DESC, w.xid DESC, w.id DESC
    LIMIT %(limit)s::int
)
SELECT f.epoch, f.xid::text, f.id, e.type, e.actor, e.at, e.subscription_id,
       CASE e.type WHEN 'number.moved' THEN events_shown(e.data, %(path)s::text)
                   ELSE e.data END::text
FROM found f JOIN events_event e
  ON e.group_id = %(group)s::uuid AND (e.epoch, e.xid, e.id) = (f.epoch, f.xid, f.id)
UNION ALL
(SELECT w.epoch, w.xid::text, w.id, NULL, NULL, NULL, NULL, NULL
 FROM walked w WHERE (SELECT count(*) FROM walked) = %(walk)s::int
 ORDER BY w.epoch, w.xid, w.id LIMIT 1)
"""

FIRST = (MAX_INT, 2**63, MAX_BIGINT)


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedEvents:
    """The filters: those of the feed, the object's id (E.164 of numbers), the first instant."""

    filter: EventFilter = EVERYTHING
    subject: str | None = None
    since: datetime | None = None


def list_events(
    actor: Actor, wanted: WantedEvents, *, limit: int, cursor: str | None = None
) -> dict[str, Any]:
    """One page of a group's events, newest first: {items, next}; the actor acts for the group.

    Each item has `id`, `type`, `actor`, `at`, `subscription_id` and `data`.
    """
    epoch, xid, event = decode_position(cursor) if cursor else FIRST
    first = position_of(wanted.since) if wanted.since else BEGINNING
    types, nouns, subscription, organization = wanted.filter.parameters()
    parameters = {
        "group": actor.group_id,
        "path": actor.path,
        "epoch": epoch,
        "xid": str(xid),
        "event": event,
        "first_epoch": first[0],
        "first_xid": str(first[1]),
        "first_event": first[2],
        "types": types,
        "nouns": nouns,
        "subscription": subscription,
        "organization": f"{organization.hex}/" if organization else None,
        "subject": wanted.subject,
        "since": wanted.since,
        "walk": WALK,
        "limit": limit + 1,
    }
    rows = fetch_rows(EVENTS, parameters)
    found = sorted((row for row in rows if row[3]), key=_order, reverse=True)
    end = next((row for row in rows if not row[3]), None)
    last = found[limit - 1] if len(found) > limit else end
    return {
        "items": [_event(row) for row in found[:limit]],
        "next": encode_cursor(*last[:3]) if last else None,
    }


def _order(row: tuple[Any, ...]) -> tuple[int, int, int]:
    return row[0], int(row[1]), row[2]


def _event(row: tuple[Any, ...]) -> dict[str, Any]:
    epoch, xid, id, type, actor, at, subscription, data = row
    return {
        "id": f"{epoch}-{xid}-{id}",
        "type": type,
        "actor": actor,
        "at": at,
        "subscription_id": subscription,
        "data": orjson.loads(data),
    }
