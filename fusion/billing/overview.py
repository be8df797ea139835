"""Read models of the overview: what an organization has, who runs out, and the past 90 days.

Of a group, a distributor or a reseller with many subscriptions from the roll-up while it is fresh,
else summed anew; of a customer always summed anew.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from fusion.billing.rollup import rolled_as_of
from fusion.kernel.clock import now
from fusion.kernel.errors import InvalidFields
from fusion.kernel.ids import parse_id
from fusion.kernel.pagination import decode_cursor, encode_cursor, page
from fusion.ledger.queries import totals as live_totals
from fusion.tenancy.actor import TENANT
from fusion.tenancy.models import Organization
from fusion.tenancy.scope import subtree

DAYS = 90

NEAR = 80
"""Per cent from which a balance counts as nearly full."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When what is shown was true. `rolled`: it comes from the roll-up."""

    at: datetime
    rolled: bool


def moment_of(organization: Organization) -> Moment:
    """How an organization's overview is read now."""
    as_of = None if organization.kind == TENANT else rolled_as_of(organization.id)
    return Moment(as_of, True) if as_of else Moment(now(), False)


def _rows(sql: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


TOTALS = """
SELECT k.code, k.type, k.metric, t.granted, t.used
FROM billing_total t JOIN catalogue_sku k ON k.id = t.sku_id
WHERE t.organization_id = %(id)s::uuid ORDER BY k.code
"""


def totals(organization: Organization, moment: Moment) -> list[dict[str, Any]]:
    """Per SKU {sku, type, metric, granted, used, available} of all that is under it."""
    if not moment.rolled:
        return live_totals(organization.group_id, organization.path)
    names = ("sku", "type", "metric", "granted", "used")
    rows = [dict(zip(names, row, strict=True)) for row in _rows(TOTALS, {"id": organization.id})]
    return [{**row, "available": max(row["granted"] - row["used"], 0)} for row in rows]


# Both sources have the same columns; the live one is worked out for one subtree only.
LIVE_FULL = """(
    SELECT b.subscription_id, b.sku_id, b.granted, u.used,
           billing_percent(u.used, b.granted) AS percent
    FROM tenancy_subscription s
    JOIN ledger_balance b ON b.subscription_id = s.id
    CROSS JOIN LATERAL (SELECT ledger_used(b) AS used OFFSET 0) u
    WHERE s.path >= %(first)s::text COLLATE "C" AND s.path < %(after)s::text COLLATE "C"
      AND u.used > 0 AND u.used * 100 >= b.granted * 80)"""
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
    """One page of the balances of which 80 % or more are in use, the fullest first."""
    percent, subscription, sku = decode_cursor(cursor, 3) if cursor else LAST
    # Python reads no number of thousands of digits.
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
FROM billing_total t JOIN catalogue_sku k ON k.id = t.sku_id
WHERE t.organization_id = ANY (%(ids)s::uuid[]) GROUP BY 1, 2
"""

LIVE_BELOW = """
SELECT s.{column}, b.metric, sum(b.granted)::bigint, sum(u.used)::bigint
FROM tenancy_subscription s
JOIN ledger_balance b ON b.subscription_id = s.id
CROSS JOIN LATERAL (SELECT ledger_used(b) AS used OFFSET 0) u
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


ROLLED_PAST = """
SELECT k.code, d.day, d.granted, d.used
FROM billing_day d JOIN catalogue_sku k ON k.id = d.sku_id
WHERE d.organization_id = %(id)s::uuid ORDER BY k.code, d.day
"""

# What has come and gone on each day: the levels follow from what there is now.
LIVE_PAST = """
SELECT k.code, (e.at AT TIME ZONE 'UTC')::date,
       sum(CASE e.kind WHEN 'grant' THEN e.quantity WHEN 'revoke' THEN -e.quantity ELSE 0 END),
       CASE WHEN k.metric <> 'sip_channel' THEN sum(
           CASE e.kind WHEN 'consume' THEN e.quantity WHEN 'release' THEN -e.quantity ELSE 0 END)
       END
FROM tenancy_subscription s
JOIN ledger_entry e ON e.subscription_id = s.id AND e.at >= %(since)s
JOIN catalogue_sku k ON k.id = e.sku_id
WHERE s.tenant_id = %(id)s::uuid GROUP BY k.id, 2
"""

Past = dict[str, list[dict[str, Any]]]
"""SKU code → {at, granted, used} of each of the last 90 days and today. `used` None: not known."""


def past(organization: Organization, current: Sequence[Mapping[str, Any]]) -> Past:
    """The line of each SKU up to `current`, which are the totals of now."""
    today = now().astimezone(UTC).date()
    days = [today - timedelta(days=back) for back in range(DAYS, 0, -1)]
    if organization.kind == TENANT:
        since = datetime.combine(days[0], datetime.min.time(), UTC)
        changes = _rows(LIVE_PAST, {"id": organization.id, "since": since})
        lines = {total["sku"]: _backwards(total, changes, days) for total in current}
    else:
        rows = _rows(ROLLED_PAST, {"id": organization.id})
        lines = {total["sku"]: _forwards(total, rows, days) for total in current}
    for total in current:
        now_ = {"at": today, "granted": total["granted"], "used": total["used"]}
        lines[total["sku"]].append(now_)
    return lines


def _backwards(
    total: Mapping[str, Any], changes: Sequence[tuple[Any, ...]], days: Sequence[date]
) -> list[dict[str, Any]]:
    """Invariant: what a day ended with is what there is now, less all that has come since."""
    on = {day: (granted, used) for sku, day, granted, used in changes if sku == total["sku"]}
    known = total["metric"] != "sip_channel"
    granted, used = total["granted"], total["used"]
    points = []
    for day in reversed(days):
        more_granted, more_used = on.get(day + timedelta(days=1), (0, 0))
        granted, used = granted - more_granted, used - (more_used or 0)
        points.append({"at": day, "granted": granted, "used": used if known else None})
    return points[::-1]


def _forwards(
    total: Mapping[str, Any], rows: Sequence[tuple[Any, ...]], days: Sequence[date]
) -> list[dict[str, Any]]:
    """Invariant: a day without a row ended as the day before it; before the first was nothing."""
    mine = [(day, granted, used) for sku, day, granted, used in rows if sku == total["sku"]]
    points, granted, used = [], 0, None if total["metric"] == "sip_channel" else 0
    position = 0
    for day in days:
        while position < len(mine) and mine[position][0] <= day:
            _, granted, used = mine[position]
            position += 1
        points.append({"at": day, "granted": granted, "used": used})
    return points
