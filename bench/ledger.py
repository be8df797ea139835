"""Balances at a past instant, in a subscription with few ledger entries and in one with many."""

from statistics import median
from typing import Any

import psycopg

from bench.compare import WARM_UP, must_succeed
from bench.load import drive, request
from bench.stage import Stage

FEW_ENTRIES, MANY_ENTRIES = 100, 1_000_000

# One unit is used and released again and again, between the newest entry and now.
LENGTHEN = """
WITH balance AS (
    SELECT w.* FROM ledger_balance w
    WHERE w.subscription_id = %(subscription)s AND w.granted > 0 ORDER BY w.sku_id LIMIT 1
), grown AS (
    UPDATE ledger_balance w SET sequence = w.sequence + 2 * %(pairs)s FROM balance b
    WHERE (w.group_id, w.subscription_id, w.sku_id) = (b.group_id, b.subscription_id, b.sku_id)
)
INSERT INTO ledger_entry (group_id, subscription_id, sku_id, sequence, kind, quantity,
                          granted_after, used_after, holder_type, holder_id, actor, at)
SELECT b.group_id, b.subscription_id, b.sku_id, b.sequence + n,
       CASE n %% 2 WHEN 1 THEN 'consume' ELSE 'release' END, 1, b.granted, b.used + n %% 2,
       'user', 'bench', 'bench', l.at + (clock_timestamp() - l.at) * n / (2 * %(pairs)s)
FROM balance b
JOIN ledger_entry l ON (l.group_id, l.subscription_id, l.sku_id, l.sequence)
                       = (b.group_id, b.subscription_id, b.sku_id, b.sequence)
CROSS JOIN generate_series(1, 2 * %(pairs)s) n
RETURNING at
"""

HELD = """
SELECT count(*), min(at), max(at) FROM ledger_entry WHERE subscription_id = %s
"""


def measure_past(stage: Stage, seconds: float, rounds: int) -> dict[str, Any]:
    """Milliseconds of a request for the balances at the middle of the entries' time, one at a
    time."""
    sent = {
        entries: _halfway(stage, subscription, entries)
        for subscription, entries in zip(
            stage.subscriptions, (FEW_ENTRIES, MANY_ENTRIES), strict=False
        )
    }
    took: dict[int, list[float]] = {entries: [] for entries in sent}
    for round_ in range(rounds + 1):
        for entries, each in sent.items():
            load = drive(stage.port, [each], connections=1, seconds=seconds if round_ else WARM_UP)
            must_succeed(load)
            if round_:
                took[entries].append(load.median_ms)
    pairs = zip(took[MANY_ENTRIES], took[FEW_ENTRIES], strict=True)
    return {
        "grow_balances_at_1000000_entries": {
            "small_ms": round(median(took[FEW_ENTRIES]), 3),
            "large_ms": round(median(took[MANY_ENTRIES]), 3),
            "ratio": round(median(many / few for many, few in pairs), 3),
            "runs": rounds,
        }
    }


def _halfway(stage: Stage, subscription: str, entries: int) -> bytes:
    """The request, after the subscription has been given as many entries as it lacks."""
    with psycopg.connect(stage.database_url, autocommit=True) as sql:
        count, first, last = sql.execute(HELD, [subscription]).fetchone() or (0, None, None)
        if count < entries:
            pairs = (entries - count + 1) // 2
            sql.execute(LENGTHEN, {"subscription": subscription, "pairs": pairs})
            sql.execute("VACUUM ANALYZE ledger_entry")
            count, first, last = sql.execute(HELD, [subscription]).fetchone() or (0, None, None)
    if first is None or last is None:
        raise SystemExit(f"bench: the ledger of subscription {subscription} is empty")
    middle = first + (last - first) / 2
    at = middle.isoformat().replace("+", "%2B")
    return request("GET", f"/api/v1/subscriptions/{subscription}/balances?at={at}", stage.token)
