"""Read models of the overview: an organization's totals, and the balances that run out.

For a group, distributor or reseller with many subscriptions from the roll-up while it is fresh,
otherwise summed on demand; for a customer always summed on demand.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from fusion.access.actor import TENANT
from fusion.access.visibility import subtree
from fusion.kernel.clock import now
from fusion.kernel.errors import InvalidFields
from fusion.kernel.ids import parse_id
from fusion.kernel.pagination import decode_cursor, encode_cursor, page
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


def _rows(sql: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


TOTALS = """
SELECT k.code, k.type, k.metric, t.granted, t.used
FROM billing_total t JOIN catalogue_sku k ON k.id = t.sku_id
WHERE t.group_id = %(group)s::uuid AND t.organization_id = %(id)s::uuid ORDER BY k.code
"""


def totals(organization: Organization, moment: Moment) -> list[dict[str, Any]]:
    """Per SKU {sku, type, metric, granted, used, available} of everything under it."""
    if not moment.rolled:
        return live_totals(organization.group_id, organization.path)
    names = ("sku", "type", "metric", "granted", "used")
    rows = [
        dict(zip(names, row, strict=True))
        for row in _rows(TOTALS, {"group": organization.group_id, "id": organization.id})
    ]
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
SELECT f.subscription_id, s.name, t.name, k.code, k.metric, f.granted, f.used, f.percent, f.sku_id
FROM {source} f
JOIN tenancy_subscription s ON s.id = f.subscription_id
JOIN tenancy_organization t ON t.id = s.tenant_id
JOIN catalogue_sku k ON k.id = f.sku_id
WHERE (f.percent, f.subscription_id, f.sku_id)
      < (%(percent)s::int, %(subscription)s::uuid, %(sku)s::uuid)
ORDER BY f.percent DESC, f.subscription_id DESC, f.sku_id DESC
LIMIT %(limit)s::int
"""

LAST = (
    "2147483647",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
)


def nearly_full(
    organization: Organization, moment: Moment, *, limit: int, cursor: str | None = None
) -> dict[str, Any]:
    """One page of the balances with usage of 80 % or more, the fullest first."""
    percent, subscription, sku = decode_cursor(cursor, 3) if cursor else LAST
    # int() refuses texts of thousands of digits.
    is_number = percent.isascii() and percent.isdigit() and len(percent) <= 10
    if not is_number or int(percent) >= 2**31:
        raise InvalidFields(cursor="is not a cursor of this list")
    if parse_id(subscription) is None or parse_id(sku) is None:
        raise InvalidFields(cursor="is not a cursor of this list")
    rolled = OF_GROUP if organization.id == organization.group_id else BELOW
    first, after = subtree(organization.path)
    rows, more = page(
        _rows(
            FULL.format(source=rolled if moment.rolled else LIVE_FULL),
            {
                "group": organization.group_id,
                "first": first,
                "after": after,
                "percent": int(percent),
                "subscription": subscription,
                "sku": sku,
                "limit": limit + 1,
            },
        ),
        limit,
    )
    names = (
        "subscription_id", "name", "tenant_name", "sku", "metric", "granted", "used", "percent",
    )  # fmt: skip
    return {
        "items": [dict(zip(names, row[:8], strict=True)) for row in rows],
        "next": encode_cursor(rows[-1][7], rows[-1][0], rows[-1][8]) if more else None,
    }


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
        found |= _by_metric(_rows(sql, {"ids": ids}))
    return found


def use_of_subscriptions(ids: Sequence[UUID]) -> Use:
    """The same per subscription."""
    return _by_metric(_rows(LIVE_BELOW.format(column="id"), {"ids": list(ids)}))


def _by_metric(rows: Sequence[tuple[Any, ...]]) -> Use:
    found: Use = {}
    for id, metric, granted, used in rows:
        found.setdefault(id, {})[metric] = {"granted": granted, "used": used}
    return found
