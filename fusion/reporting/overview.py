"""Read models of the overview: an organization's totals, and the balances that run out.

For a group, distributor or reseller with many subscriptions from the roll-up while it is fresh,
otherwise summed on demand; for a customer always summed on demand.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from fusion.access.actor import TENANT
from fusion.access.visibility import subtree
from fusion.kernel.clock import now
from fusion.kernel.database import fetch_dicts, fetch_rows
from fusion.kernel.ids import read_id
from fusion.kernel.pagination import MAX_INT, decode_cursor, encode_cursor, page, position
from fusion.ledger.queries import totals as live_totals
from fusion.reporting.rollup import rolled_as_of
from fusion.tenancy.models import Organization


@dataclass(frozen=True, slots=True)
class Moment:
    """The time of the displayed values. `rolled`: they come from the roll-up."""

    at: datetime
    rolled: bool


def moment_of(organization: Organization) -> Moment:
    """Whether an organization's overview is read from the roll-up now, and its time."""
    as_of = None if organization.kind == TENANT else rolled_as_of(organization)
    return Moment(as_of, True) if as_of else Moment(now(), False)


TOTALS = """
SELECT k.code AS sku, k.type, k.metric, t.granted, t.used
FROM billing_total t JOIN catalogue_sku k ON k.id = t.sku_id
WHERE t.group_id = %(group)s::uuid AND t.organization_id = %(id)s::uuid ORDER BY k.code
"""


def totals(organization: Organization, moment: Moment) -> list[dict[str, Any]]:
    """Per SKU {sku, type, metric, granted, used, available} of everything under it."""
    if not moment.rolled:
        return live_totals(organization.group_id, organization.path)
    rows = fetch_dicts(TOTALS, {"group": organization.group_id, "id": organization.id})
    return [{**row, "available": max(row["granted"] - row["used"], 0)} for row in rows]


# Both sources have the same columns; the live one is computed for one subtree only.
LIVE_FULL = """(
    SELECT b.subscription_id, b.sku_id, b.granted, u.used,
           billing_percent(u.used, b.granted) AS percent
    FROM tenancy_subscription s
    JOIN ledger_balance b ON b.group_id = s.group_id AND b.subscription_id = s.id
    JOIN catalogue_metric m ON m.code = b.metric
    CROSS JOIN LATERAL (SELECT ledger_used(b, m.live) AS used OFFSET 0) u
    WHERE s.path >= %(first)s::text COLLATE "C" AND s.path < %(after)s::text COLLATE "C"
      AND u.used > 0 AND ledger_is_nearly_full(u.used, b.granted))"""
OF_GROUP = """(SELECT * FROM billing_nearlyfull WHERE group_id = %(group)s::uuid)"""
BELOW = """(
    SELECT * FROM billing_nearlyfull
    WHERE path >= %(first)s::text COLLATE "C" AND path < %(after)s::text COLLATE "C")"""

FULL = """
SELECT f.subscription_id, s.name, t.name AS tenant_name, k.code AS sku, k.metric, f.granted,
       f.used, f.percent, f.sku_id
FROM {source} f
JOIN tenancy_subscription s ON s.id = f.subscription_id
JOIN tenancy_organization t ON t.id = s.tenant_id
JOIN catalogue_sku k ON k.id = f.sku_id
WHERE starts_with(s.path, %(first)s::text)  -- it may have moved since the last refresh
  AND (f.percent, f.subscription_id, f.sku_id)
      < (%(percent)s::int, %(subscription)s::uuid, %(sku)s::uuid)
ORDER BY f.percent DESC, f.subscription_id DESC, f.sku_id DESC
LIMIT %(limit)s::int
"""

LAST = (MAX_INT, UUID(int=2**128 - 1), UUID(int=2**128 - 1))


def nearly_full(
    organization: Organization, moment: Moment, *, limit: int, cursor: str | None = None
) -> dict[str, Any]:
    """One page of the balances with usage of 80 % or more, the fullest first."""
    percent, subscription, sku = (
        decode_cursor(cursor, position(MAX_INT), read_id, read_id) if cursor else LAST
    )
    rolled = OF_GROUP if organization.id == organization.group_id else BELOW
    first, after = subtree(organization.path)
    parameters = {
        "group": organization.group_id,
        "first": first,
        "after": after,
        "percent": percent,
        "subscription": subscription,
        "sku": sku,
        "limit": limit + 1,
    }
    full = FULL.format(source=rolled if moment.rolled else LIVE_FULL)
    rows, more = page(fetch_dicts(full, parameters), limit)
    key = ("percent", "subscription_id", "sku_id")
    following = encode_cursor(*(rows[-1][name] for name in key)) if more else None
    return {"items": rows, "next": following}


ROLLED_BELOW = """
SELECT t.organization_id, k.metric, sum(t.granted)::bigint, sum(t.used)::bigint
FROM tenancy_organization o
JOIN billing_total t ON t.group_id = o.group_id AND t.organization_id = o.id
JOIN catalogue_sku k ON k.id = t.sku_id
WHERE o.id = ANY (%(ids)s::uuid[]) GROUP BY 1, 2
"""

LIVE_BELOW = """
SELECT s.{column}, b.metric, sum(b.granted)::bigint, sum(u.used)::bigint
FROM tenancy_subscription s
JOIN ledger_balance b ON b.group_id = s.group_id AND b.subscription_id = s.id
JOIN catalogue_metric m ON m.code = b.metric
CROSS JOIN LATERAL (SELECT ledger_used(b, m.live) AS used OFFSET 0) u
WHERE s.{column} = ANY (%(ids)s::uuid[]) GROUP BY 1, 2
"""

Use = dict[UUID, dict[str, dict[str, int]]]
"""Id → metric → {granted, used}."""


def use_below(organizations: Sequence[Mapping[str, Any]], moment: Moment) -> Use:
    """Per organization and metric what it has and uses; organizations are {id, kind}."""
    found: Use = {}
    by_kind: dict[str, list[UUID]] = {}
    for each in organizations:
        by_kind.setdefault(each["kind"], []).append(each["id"])
    for kind, ids in by_kind.items():
        rolled = moment.rolled and kind != TENANT
        sql = ROLLED_BELOW if rolled else LIVE_BELOW.format(column=f"{kind}_id")
        found |= _by_metric(fetch_rows(sql, {"ids": ids}))
    return found


def use_of_subscriptions(ids: Sequence[UUID]) -> Use:
    """The same per subscription."""
    return _by_metric(fetch_rows(LIVE_BELOW.format(column="id"), {"ids": list(ids)}))


def _by_metric(rows: Sequence[tuple[Any, ...]]) -> Use:
    found: Use = {}
    for id, metric, granted, used in rows:
        found.setdefault(id, {})[metric] = {"granted": granted, "used": used}
    return found
