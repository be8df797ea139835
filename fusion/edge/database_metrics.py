"""Metrics read from the database: orders, live calls, the feed's lag, the worker's heartbeat.

Read over a separate connection, because these values matter most when the pool is exhausted.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connection
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from fusion.kernel.postgresql.connections import Connection

LIMIT = b"SET LOCAL statement_timeout = '5s'"

SMALL_TABLE = 8 * 1024 * 1024
"""Largest table of orders that is counted, in bytes; beyond, the completed ones are estimated."""

OPEN_ORDERS = "SELECT state, count(*) FROM ordering_order WHERE state <> 'completed' GROUP BY 1"

# Nearly all orders are completed: counting them would read the whole table. The planner's estimate:
# rows per page at the last ANALYZE, times the present number of pages.
COMPLETED_ORDERS = f"""
SELECT CASE
    WHEN pg_relation_size(c.oid) <= {SMALL_TABLE} OR c.relpages = 0
    THEN (SELECT count(*) FROM ordering_order)
    ELSE (c.reltuples / c.relpages
          * (pg_relation_size(c.oid) / current_setting('block_size')::int))::bigint
END
FROM pg_class c WHERE c.oid = 'ordering_order'::regclass
"""

OVERDUE_ORDERS = """
SELECT count(*) FROM ordering_order
WHERE state = 'scheduled' AND effective_at <= (SELECT kernel_now())
"""

# Per group one probe of the feed's index: the first event that may not be read yet.
FEED_LAG = """
SELECT coalesce(extract(epoch FROM kernel_now() - min(hidden.at)), 0)
FROM tenancy_organization g
CROSS JOIN (SELECT max(epoch) AS epoch FROM events_feedepoch) present
CROSS JOIN LATERAL (
    SELECT e.at FROM events_event e
    WHERE e.group_id = g.id AND e.epoch = present.epoch
      AND e.xid >= pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY e.xid, e.id LIMIT 1
) hidden
WHERE g.parent_id IS NULL
"""

LIVE_CALLS = """
SELECT direction, count(*) FROM trunks_call
WHERE ended_at IS NULL AND lease_expires_at > (SELECT kernel_now()) GROUP BY 1
"""

SWEEP_AGE = """
SELECT extract(epoch FROM kernel_now() - max(finished_at))
FROM jobs_run WHERE sweep = 'apply_due_orders'
"""

JOBS = """
SELECT queue_name, status::text, count(*) FROM procrastinate_jobs
WHERE status IN ('todo', 'doing', 'failed') GROUP BY 1, 2
"""


@contextmanager
def direct_connection() -> Iterator[Connection]:
    """A connection beside the pool, in a transaction with statement limits, closed at the end.

    Raises psycopg's errors if it cannot connect.
    """
    parameters = dict(connection.get_connection_params())
    parameters.pop("cursor_factory", None)
    with Connection.connect(**parameters) as direct:
        direct.execute(LIMIT)
        yield direct


def render() -> bytes:
    """The values in Prometheus format; only `fusion_database_up 0` if the database cannot
    be read.
    """
    registry = CollectorRegistry()
    registry.register(_Collector())
    return generate_latest(registry)


class _Collector:
    def collect(self) -> list[Metric]:
        up = GaugeMetricFamily("fusion_database_up", "Whether the database answered.")
        try:
            metrics = _numbers()
        except psycopg.Error:
            up.add_metric((), 0)
            return [up]
        up.add_metric((), 1)
        return [up, *metrics]


def _numbers() -> list[Metric]:
    """Uses a connection of the pool, and only then, if PostgreSQL has no room for another one."""
    try:
        with direct_connection() as direct:
            return list(_query(direct))
    except psycopg.OperationalError:
        pool = connection.pool  # type: ignore[attr-defined]
        with pool.connection(timeout=1.0) as pooled, pooled.transaction():
            pooled.execute(LIMIT)
            return list(_query(pooled))


def _query(direct: Connection) -> Iterator[Metric]:
    def number(statement: str) -> Any:
        row = direct.execute(statement).fetchone()
        return None if row is None else row[0]

    counts: dict[str, int] = dict(direct.execute(OPEN_ORDERS).fetchall())
    total = number(COMPLETED_ORDERS)
    yield _orders(counts, total)
    yield GaugeMetricFamily(
        "fusion_orders_overdue",
        "Scheduled orders whose time has come and that no worker has applied yet.",
        number(OVERDUE_ORDERS),
    )
    yield GaugeMetricFamily(
        "fusion_feed_lag_seconds",
        "Age of the oldest event that may not be read yet, because a transaction is open.",
        float(number(FEED_LAG)),
    )
    yield _calls(dict(direct.execute(LIVE_CALLS).fetchall()))
    age = number(SWEEP_AGE)
    if age is not None:
        yield GaugeMetricFamily(
            "fusion_worker_sweep_age_seconds",
            "Time since a worker last looked for due orders; absent where none ever has.",
            float(age),
        )
    yield _jobs(direct.execute(JOBS).fetchall())


def _jobs(counts: Iterable[tuple[Any, ...]]) -> Metric:
    family = GaugeMetricFamily(
        "fusion_jobs", "Jobs that wait, run or have failed.", labels=("queue", "status")
    )
    for queue, status, count in counts:
        family.add_metric((queue, status), count)
    return family


def _calls(live: dict[str, int]) -> Metric:
    family = GaugeMetricFamily(
        "fusion_calls_live", "Calls that hold a SIP channel now.", labels=("direction",)
    )
    for direction in ("inbound", "outbound"):
        family.add_metric((direction,), live.get(direction, 0))
    return family


def _orders(open_orders: dict[str, int], total: int) -> Metric:
    family = GaugeMetricFamily(
        "fusion_orders",
        "Orders by state; completed ones are an estimate when there are many.",
        labels=("state",),
    )
    for state in ("scheduled", "failed", "cancelled"):
        family.add_metric((state,), open_orders.get(state, 0))
    family.add_metric(("completed",), max(0, total - sum(open_orders.values())))
    return family
