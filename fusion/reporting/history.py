"""The history of the overview: what an organization had and used on each of the last 90 days.

For a customer, and for any organization with few balances, computed from the ledger and call
records; for larger ones read from the roll-up. An unknown value is None, never 0.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from fusion.access.actor import TENANT
from fusion.access.visibility import subtree
from fusion.catalogue.metrics import is_live
from fusion.kernel.clock import now
from fusion.kernel.database import fetch_rows
from fusion.kernel.environment import setting
from fusion.reporting import rollup
from fusion.reporting.overview import Moment
from fusion.tenancy.models import Organization
from fusion.trunks.retention import kept_from

DAYS = 90

MOST_RECORDS = 20_000
"""Most call records from which the peak of each day is computed while a page waits."""

Rows = Sequence[tuple[Any, ...]]

Past = dict[str, list[dict[str, Any]]]
"""SKU code → {at, granted, used} of each of the last 90 days and today. None: unknown."""


def past(organization: Organization, moment: Moment, current: Sequence[Mapping[str, Any]]) -> Past:
    """The history of each SKU up to `current`, the present totals.

    For metrics that live calls count, `used` is the peak of concurrent calls on that day.
    """
    today = now().astimezone(UTC).date()
    days = [today - timedelta(days=back) for back in range(DAYS, 0, -1)]
    if moment.rolled or not _is_small(organization):
        rows, known_until = _rolled(organization)
        return {
            total["sku"]: _forwards(total, rows, [*days, today], known_until) for total in current
        }
    changes = _changes(organization, days[0])
    has_live = any(is_live(total["metric"]) for total in current)
    calls = _calls(organization, days[0]) if has_live else {}
    return {total["sku"]: _backwards(total, changes, calls, [*days, today]) for total in current}


FEW = """
SELECT count(*) FROM (
    SELECT FROM tenancy_subscription s
    JOIN ledger_balance b ON b.group_id = s.group_id AND b.subscription_id = s.id
    WHERE s.path >= %(first)s::text COLLATE "C" AND s.path < %(after)s::text COLLATE "C"
    LIMIT %(most)s::int) few
"""

# Who owned a subscription when counts: `span` has when each of them belonged to the organization.
SPANS = """
WITH span AS MATERIALIZED (
    SELECT o.subscription_id AS id, o.since, o.until
    FROM tenancy_subscription s
    JOIN tenancy_ownership o
      ON o.group_id = s.group_id AND o.subscription_id = s.id AND o.until = 'infinity'
    WHERE s.path >= %(first)s::text COLLATE "C" AND s.path < %(after)s::text COLLATE "C"
    UNION ALL
    SELECT w.subscription_id, w.since, w.until FROM tenancy_subscriptionowner w
    WHERE w.group_id = %(group)s::uuid AND tenancy_sees(%(id)s::uuid, w.path)
)
"""

CHANGES = f"""
{SPANS}
SELECT k.code, (x.at AT TIME ZONE 'UTC')::date, sum(x.granted)::bigint, sum(x.used)::bigint
FROM (
    SELECT e.sku_id, e.at, billing_granted(e.kind, e.quantity) AS granted,
           billing_used(e.kind, e.quantity) AS used
    FROM span s
    JOIN ledger_entry e
      ON e.group_id = %(group)s::uuid AND e.subscription_id = s.id
     AND e.at >= greatest(%(since)s::timestamptz, s.since) AND e.at < s.until
    UNION ALL
    SELECT m.sku_id, m.at, m.granted, m.used
    FROM billing_moves(%(group)s::uuid, %(since)s::timestamptz) m
    WHERE tenancy_sees(%(id)s::uuid, m.path)
) x
JOIN catalogue_sku k ON k.id = x.sku_id
GROUP BY 1, 2
"""

# A step up when a call begins, one down when it ends; each day begins with the calls in progress.
# The count is of the records that were read: there may be more. They name the owners of the time.
CALLS = """
{spans}, record AS MATERIALIZED (
    SELECT r.admitted_at, r.ended_at
    FROM (SELECT DISTINCT id FROM span) s
    JOIN trunks_callrecord r ON r.subscription_id = s.id AND r.ended_at >= %(since)s::timestamptz
    WHERE r.{kind}_id = %(id)s::uuid
    LIMIT %(most)s::int
), call AS (
    SELECT admitted_at, ended_at FROM record
    UNION ALL
    SELECT c.admitted_at, c.lease_expires_at
    FROM tenancy_subscription s
    JOIN trunks_call c ON c.subscription_id = s.id AND c.ended_at IS NULL
    WHERE s.path >= %(first)s::text COLLATE "C" AND s.path < %(after)s::text COLLATE "C"
), step AS (
    SELECT x.at, x.step FROM call c
    CROSS JOIN LATERAL (VALUES (c.admitted_at, 1), (c.ended_at, -1)) AS x(at, step)
    UNION ALL
    SELECT d, 0 FROM generate_series(%(since)s::timestamptz, %(now)s::timestamptz, '24 hours') AS d
)
SELECT (at AT TIME ZONE 'UTC')::date, max(live)::int, (SELECT count(*) FROM record)
FROM (SELECT at, sum(step) OVER (ORDER BY at, step) AS live FROM step) counted
WHERE at BETWEEN %(since)s::timestamptz AND %(now)s::timestamptz
GROUP BY 1
"""

ROLLED = """
SELECT k.code, d.day, d.granted, d.used, g.day
FROM billing_groupstate g
LEFT JOIN billing_day d ON d.group_id = g.group_id AND d.organization_id = %(id)s::uuid
LEFT JOIN catalogue_sku k ON k.id = d.sku_id
WHERE g.group_id = %(group)s::uuid
ORDER BY k.code, d.day
"""


def _rows(sql: str, organization: Organization, **parameters: Any) -> Rows:
    first, after = subtree(organization.path)
    owner = {"group": organization.group_id, "id": organization.id}
    return fetch_rows(sql, {**owner, "first": first, "after": after, **parameters})


def _is_small(organization: Organization) -> bool:
    if organization.kind == TENANT:
        return True
    ((balances,),) = _rows(FEW, organization, most=rollup.LARGE + 1)
    return int(balances) <= rollup.LARGE


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _changes(organization: Organization, since: date) -> Rows:
    """SKU code, day, and the changes of granted and used on that day."""
    return _rows(CHANGES, organization, since=_midnight(since))


def _calls(organization: Organization, since: date) -> dict[date, int]:
    """The peak of concurrent calls on each day; empty if there are too many records to count."""
    since = max(since, kept_from(setting("FUSION_CALL_RECORD_MONTHS")))
    sql = CALLS.format(spans=SPANS, kind=organization.kind)
    rows = _rows(sql, organization, since=_midnight(since), now=now(), most=MOST_RECORDS + 1)
    if any(count > MOST_RECORDS for _, _, count in rows):
        return {}
    return {day: most for day, most, _ in rows}


def _rolled(organization: Organization) -> tuple[Rows, date | None]:
    """SKU code, day, granted and used on days with changes; and the day of the last refresh."""
    rows = _rows(ROLLED, organization)
    return [row[:4] for row in rows if row[0] is not None], rows[0][4] if rows else None


def _point(total: Mapping[str, Any], day: date, calls: int | None) -> dict[str, Any]:
    """Today: the present values; of metrics that live calls count, the peak until now."""
    used = total["used"]
    if is_live(total["metric"]):
        used = max(used, calls or 0)
    return {"at": day, "granted": total["granted"], "used": used}


def _backwards(
    total: Mapping[str, Any], changes: Rows, calls: Mapping[date, int], days: Sequence[date]
) -> list[dict[str, Any]]:
    """Invariant: a day's final value is the present value minus all changes since."""
    on = {day: (granted, used) for sku, day, granted, used in changes if sku == total["sku"]}
    counts_calls = is_live(total["metric"])
    granted, used = total["granted"], total["used"]
    points = [_point(total, days[-1], calls.get(days[-1]))]
    for later, day in zip(days[:0:-1], days[-2::-1], strict=True):
        more_granted, more_used = on.get(later, (0, 0))
        granted, used = granted - more_granted, used - more_used
        points.append(
            {"at": day, "granted": granted, "used": calls.get(day) if counts_calls else used}
        )
    return points[::-1]


def _forwards(
    total: Mapping[str, Any], rows: Rows, days: Sequence[date], known_until: date | None
) -> list[dict[str, Any]]:
    """Invariant: a day without a row ended as the day before it.

    Unknown before the first row, and for days after the last refresh.
    """
    mine = [(day, granted, used) for sku, day, granted, used in rows if sku == total["sku"]]
    points: list[dict[str, Any]] = []
    granted: int | None = None
    used: int | None = None
    position = 0
    for day in days:
        while position < len(mine) and mine[position][0] <= day:
            _, granted, used = mine[position]
            position += 1
        known = known_until is not None and day < known_until
        points.append(
            {"at": day, "granted": granted if known else None, "used": used if known else None}
        )
    of_today = mine[-1][2] if mine and mine[-1][0] == days[-1] else None
    points[-1] = _point(total, days[-1], of_today)
    return points
