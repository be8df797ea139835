"""Minutes of mixed traffic: what the server's memory and the tables do meanwhile."""

import time
from collections.abc import Iterator
from itertools import count
from typing import Any

import psycopg

from bench import provisioning, requests
from bench.load import Load, pace
from bench.provisioning import FEW
from bench.stage import Stage

RATE = 200.0
"""Requests per second: a third of what two cores can do, and ten times a busy day."""

CONNECTIONS = 16

PARTS = 10
"""Memory is read at the end of each part."""

SIZES = """
SELECT sum(pg_total_relation_size(c.oid))::bigint, sum(s.n_dead_tup)::bigint
FROM pg_class c JOIN pg_stat_user_tables s ON s.relid = c.oid WHERE c.relname NOT LIKE 'bench%'
"""

LARGEST = """
SELECT c.relname, pg_total_relation_size(c.oid) FROM pg_class c
WHERE c.relkind = 'r' AND c.relname NOT LIKE 'bench%' AND c.relnamespace = 'public'::regnamespace
"""


def measure_soak(stage: Stage, minutes: float) -> dict[str, Any]:
    """Megabytes of the largest server process after each tenth, and of the tables at both ends.

    SystemExit if a request was not answered by a success.
    """
    ground = provisioning.prepare(stage, FEW)
    memory: list[float] = []
    latencies: list[float] = []
    sent = 0
    with psycopg.connect(stage.database_url, autocommit=True) as sql:
        before = _sizes(sql)
        tables: dict[str, int] = dict(sql.execute(LARGEST).fetchall())
        began = time.monotonic()
        for _ in range(PARTS):
            load = pace(
                stage.port,
                lambda: _mixed(stage, ground.trunks),
                connections=CONNECTIONS,
                rate=RATE,
                seconds=60 * minutes / PARTS,
            )
            _must_succeed(load)
            sent += sum(load.statuses.values())
            latencies += load.latencies
            memory.append(round(stage.resident_mb(), 1))
        took = time.monotonic() - began
        after = _sizes(sql)
        grown = {name: size - tables.get(name, 0) for name, size in sql.execute(LARGEST).fetchall()}
    latencies.sort()
    most = sorted(grown, key=grown.__getitem__, reverse=True)[:5]
    return {
        "soak": {
            "minutes": round(took / 60, 1),
            "requests": sent,
            "per_s": round(sent / took, 1),
            "p50_ms": round(1000 * latencies[len(latencies) // 2], 2),
            "p99_ms": round(1000 * latencies[len(latencies) * 99 // 100], 2),
            "memory_mb": memory,
            "tables_mb": [round(each[0] / 2**20, 1) for each in (before, after)],
            "dead_rows": [each[1] for each in (before, after)],
            "grown_kb": {name: round(grown[name] / 1024) for name in most},
        }
    }


def _mixed(stage: Stage, trunks: list[str]) -> Iterator[bytes]:
    """Endless requests of one client: of ten, one order, three balances, and three calls."""
    orders, balances = requests.place(stage), requests.balances(stage)
    calls = provisioning.calls(stage, trunks)
    for n in count():
        yield orders[n % len(orders)]
        for i in range(3):
            yield balances[(3 * n + i) % len(balances)]
            yield next(calls)
            yield next(calls)


def _sizes(sql: psycopg.Connection[Any]) -> tuple[int, int]:
    size, dead = sql.execute(SIZES).fetchone() or (0, 0)
    return int(size), int(dead)


def _must_succeed(load: Load) -> None:
    failed = {status: number for status, number in load.statuses.items() if status >= 300}
    if failed:
        raise SystemExit(f"bench: answers other than success: {failed}")
