"""Read models of the ledger: present and past balances, entries, totals of a subtree."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from fusion.access.actor import Actor
from fusion.access.authenticate import Read
from fusion.access.db_function import call_function
from fusion.access.visibility import subtree
from fusion.kernel.clock import instant, read_instant
from fusion.kernel.database import fetch_dicts, fetch_rows, fetch_value
from fusion.kernel.errors import or_not_found
from fusion.kernel.ids import read_id
from fusion.kernel.pagination import MAX_BIGINT, decode_cursor, encode_cursor, page, position

BALANCES = Read(
    "(SELECT CASE w.status WHEN 200 THEN w.answer END FROM ledger_balances_v2(o.group_id,"
    " jsonb_build_array(jsonb_build_object('path', o.path, 'subscription_id', %s::uuid))) w)",
    ("subscription_id",),
)
"""The balances of a subscription now, as JSON text; null if the caller does not see it."""


def balances_now(actor: Actor, subscription_id: UUID) -> list[dict[str, Any]]:
    """The balances of a subscription, by SKU code.

    Problem `not-found` if the actor does not see the subscription.
    """
    answer = call_function(actor, "ledger_balances_v2", subscription_id=subscription_id)
    items: list[dict[str, Any]] = answer.body["items"]
    return items


MANY = """
SELECT b.answer::json ->> 'items'
FROM ledger_balances_v2(%s::uuid, (
    SELECT jsonb_agg(jsonb_build_object(
        'subscription_id', w.id, 'path', '', 'without_pending', true) ORDER BY w.nth)
    FROM unnest(%s::uuid[]) WITH ORDINALITY AS w(id, nth))) b
"""


def balances_of(group_id: UUID, subscriptions: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """Subscription → its balances as the API shows them, without what is pending; the caller has
    checked who reads them.
    """
    rows = fetch_rows(MANY, [group_id, subscriptions]) if subscriptions else []
    found = {id: orjson.loads(items) for id, (items,) in zip(subscriptions, rows, strict=True)}
    for balances in found.values():
        for balance in balances:
            del balance["pending"]
    return found


def balances_at(actor: Actor, *, subscription_id: UUID, at: datetime) -> str:
    """The balances of a subscription as JSON text, at `at` (inclusive).

    Problem `not-found` if the actor does not see the subscription.
    """
    sql = "SELECT ledger_balances_at(%s::uuid, %s::text, %s::timestamptz)"
    return str(or_not_found(fetch_value(sql, [subscription_id, actor.path, at]), "subscription"))


ENTRIES = """
SELECT e.sequence, b.sku, e.kind, e.quantity, e.granted_after, e.used_after, e.order_id,
       e.order_number, e.holder_type, e.holder_id, e.actor, e.at, e.sku_id
FROM ledger_entry e
JOIN ledger_balance b USING (group_id, subscription_id, sku_id)
WHERE e.subscription_id = %(subscription)s::uuid
  AND (%(sku)s::text IS NULL OR b.sku = %(sku)s::text)
  AND (%(kind)s::text IS NULL OR e.kind = %(kind)s::text)
  AND (%(from)s::timestamptz IS NULL OR e.at >= %(from)s::timestamptz)
  AND e.at <= coalesce(%(after_at)s::timestamptz, 'infinity')
  AND (%(to)s::timestamptz IS NULL OR e.at < %(to)s::timestamptz)
  AND (%(after_at)s::timestamptz IS NULL
       OR (e.at, e.sku_id, e.sequence)
          < (%(after_at)s::timestamptz, %(after_sku)s::uuid, %(after_sequence)s::bigint))
ORDER BY e.at DESC, e.sku_id DESC, e.sequence DESC
LIMIT %(limit)s::int
"""


def entries(
    subscription_id: UUID,
    *,
    limit: int,
    cursor: str | None = None,
    sku: str | None = None,
    kind: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> dict[str, Any]:
    """One page of a subscription's ledger, newest first; `since` inclusive, `until` exclusive.

    The caller has checked that the actor sees the subscription.
    """
    key: tuple[Any, ...] = (None, None, None)
    if cursor:
        key = decode_cursor(cursor, read_instant, read_id, position(MAX_BIGINT))
    parameters = {
        "subscription": subscription_id,
        "sku": sku,
        "kind": kind,
        "from": since,
        "to": until,
        "after_at": key[0],
        "after_sku": key[1],
        "after_sequence": key[2],
        "limit": limit + 1,
    }
    rows, more = page(fetch_rows(ENTRIES, parameters), limit)
    last = rows[-1] if more else None
    return {
        "items": [_entry_document(row) for row in rows],
        "next": encode_cursor(last[11].isoformat(), last[12], last[0]) if last else None,
    }


OF_ORDER = """
SELECT b.sku, e.kind, e.quantity, e.granted_after, e.used_after, e.sequence, e.at
FROM ledger_entry e
JOIN ledger_balance b USING (group_id, subscription_id, sku_id)
WHERE e.subscription_id = %(subscription)s::uuid AND e.order_id = %(order)s::uuid
  AND e.at BETWEEN %(completed)s::timestamptz - interval '1 hour' AND %(completed)s::timestamptz
ORDER BY e.order_position, b.sku, e.sequence
"""
# An hour: entries are written in the statement that completes their order, those of a batch in one.


def entries_of_order(
    subscription_id: UUID, order_id: UUID, completed_at: datetime | None
) -> list[dict[str, Any]]:
    """The entries of an order; none before it is completed.

    The caller has checked that the actor sees the order.
    """
    if completed_at is None:
        return []
    parameters = {"subscription": subscription_id, "order": order_id, "completed": completed_at}
    return fetch_dicts(OF_ORDER, parameters)


def _entry_document(row: tuple[Any, ...]) -> dict[str, Any]:
    sequence, sku, kind, quantity, granted, used, order, number, holder_type, holder, actor, at = (
        row[:12]
    )
    return {
        "sequence": sequence,
        "sku": sku,
        "kind": kind,
        "quantity": quantity,
        "granted_after": granted,
        "used_after": used,
        "order_id": order,
        "order_number": number,
        "holder": {"type": holder_type, "id": holder} if holder_type else None,
        "actor": actor,
        "at": instant(at),
    }


TOTALS = """
SELECT b.sku, b.type, b.metric, sum(b.granted)::bigint AS granted,
       CASE WHEN m.live THEN trunks_live_calls_under(%s::uuid, %s::text)
            ELSE sum(b.used)::bigint END AS used
FROM ledger_balance b
JOIN catalogue_metric m ON m.code = b.metric
JOIN tenancy_subscription s ON s.id = b.subscription_id
WHERE b.group_id = %s::uuid AND s.group_id = %s::uuid
  AND s.path >= %s::text COLLATE "C" AND s.path < %s::text COLLATE "C"
GROUP BY b.sku, b.type, b.metric, m.live
ORDER BY b.sku
"""

SUBSCRIPTIONS = """
SELECT s.path, s.id, s.name, (
    SELECT json_agg(json_build_object(
        'sku', b.sku, 'type', b.type, 'metric', b.metric, 'granted', b.granted, 'used', u.used,
        'available', greatest(b.granted - u.used, 0)) ORDER BY b.sku)
    FROM ledger_balance b
    JOIN catalogue_metric m ON m.code = b.metric
    CROSS JOIN LATERAL (SELECT ledger_used(b, m.live) AS used OFFSET 0) u
    WHERE b.group_id = s.group_id AND b.subscription_id = s.id)
FROM tenancy_subscription s
WHERE s.path >= %s::text COLLATE "C" AND s.path < %s::text COLLATE "C"
  AND (s.path, s.id) > (%s::text COLLATE "C", %s::uuid)
ORDER BY s.path, s.id LIMIT %s::int
"""

NIL = "00000000-0000-0000-0000-000000000000"


def totals(group_id: UUID, path: str) -> list[dict[str, Any]]:
    """Per SKU the totals of all subscriptions under `path`."""
    rows = fetch_dicts(TOTALS, [group_id, path, group_id, group_id, *subtree(path)])
    return [{**row, "available": max(row["granted"] - row["used"], 0)} for row in rows]


def totals_by_subscription(path: str, *, limit: int, cursor: str | None) -> dict[str, Any]:
    """One page of the subscriptions under `path`, each with its balances."""
    after = decode_cursor(cursor, str, read_id) if cursor else ("", NIL)
    rows, more = page(fetch_rows(SUBSCRIPTIONS, [*subtree(path), *after, limit + 1]), limit)
    return {
        "items": [
            {"subscription_id": id, "name": name, "items": items or []}
            for _, id, name, items in rows
        ],
        "next": encode_cursor(rows[-1][0], rows[-1][1]) if more else None,
    }
