"""Balances at a past instant, in a subscription with a long ledger."""

import random
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from fusion.kernel.clock import instant
from tests.concurrency.actors import rows
from tests.ordering.placing import ledger, line, placed
from tests.owner import as_owner
from tests.world import World, answer

LENGTHEN = """
WITH grown AS (
    UPDATE ledger_balance SET sequence = sequence + %(entries)s
    WHERE subscription_id = %(subscription)s AND sku_id = %(sku)s
)
INSERT INTO ledger_entry (group_id, subscription_id, sku_id, sequence, kind, quantity,
                          granted_after, used_after, holder_type, holder_id, actor, at)
SELECT b.group_id, b.subscription_id, b.sku_id, b.sequence + n,
       CASE n %% 2 WHEN 1 THEN 'consume' ELSE 'release' END, 1, b.granted, b.used + n %% 2,
       'user', 'x', 'test', l.at + (clock_timestamp() - l.at) * (n / 3 * 3) / %(entries)s
FROM ledger_balance b
JOIN ledger_entry l USING (group_id, subscription_id, sku_id, sequence)
CROSS JOIN generate_series(1, %(entries)s) n
WHERE b.subscription_id = %(subscription)s AND b.sku_id = %(sku)s
"""
"""A unit is used and released again and again; three entries have the same instant."""

AT = """
SELECT granted_after, used_after FROM ledger_entry
WHERE subscription_id = %s AND sku_id = %s AND at <= %s
ORDER BY sequence DESC LIMIT 1
"""

READ = """
SELECT sum(pg_stat_get_xact_tuples_returned(c.oid) + (
           SELECT coalesce(sum(pg_stat_get_xact_tuples_returned(i.indexrelid)), 0)
           FROM pg_index i WHERE i.indrelid = c.oid))::bigint
FROM pg_class c WHERE c.relname = 'ledger_entry'
"""
"""Rows and index entries of the ledger that this transaction has read."""


def lengthened(world: World, entries: int) -> list[datetime]:
    """The instants of the entries of the world's user licences, oldest first."""
    of = (world.subscription.id, world.user_sku.id)
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(LENGTHEN, {"subscription": of[0], "sku": of[1], "entries": entries})
    return [
        at
        for (at,) in rows(
            "SELECT at FROM ledger_entry WHERE subscription_id = %s AND sku_id = %s"
            " ORDER BY sequence",
            of,
        )
    ]


def read_at(world: World, at: datetime) -> list[dict[str, Any]]:
    """The balances at an instant."""
    path = f"/subscriptions/{world.subscription.id}/balances?at={instant(at)}"
    items: list[dict[str, Any]] = answer(world.call("GET", path))["items"]
    return items


def test_as_if_each_entry_were_looked_at(world: World) -> None:
    placed(world, line(world.seat, 3))
    assert ledger("ledger_consume", world.subscription.id, world.user_sku.id, ["a"]) is None
    instants = lengthened(world, 300)
    drawn = random.Random(1)
    moment = timedelta(microseconds=1)
    chosen = [at - step for at in drawn.sample(instants, 40) for step in (moment, 0 * moment)]
    for at in [instants[0] - moment, instants[0], instants[-1], *chosen]:
        found = [
            (each["granted"], each["used"]) for each in read_at(world, at) if each["sku"] == "user"
        ]
        assert found == rows(AT, (world.subscription.id, world.user_sku.id, at)), at


def test_a_long_ledger_costs_a_few_look_ups_more(world: World) -> None:
    placed(world, line(world.seat, 3))
    instants = lengthened(world, 10_000)
    for at in (instants[0], instants[len(instants) // 2], instants[-1]):
        with transaction.atomic():
            [(before,)] = rows(READ)
            read_at(world, at)
            [(after,)] = rows(READ)
        assert after - before <= 2 * 30, "rows and index entries, at most 15 of each per SKU"
