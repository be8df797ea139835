"""Metrics of every server process, in the format of Prometheus.

With several processes each keeps its values in files of a directory that `fusion serve` creates
(PROMETHEUS_MULTIPROC_DIR), so that any process can report the values of all.
"""

import os
import threading
import time
from functools import cache
from pathlib import Path

from django.db import connection
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

FOLDER = "PROMETHEUS_MULTIPROC_DIR"

POOL_INTERVAL = 2.0
"""Seconds between two samples of the connection pool."""

METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))

registry = CollectorRegistry()

requests = Counter(
    "fusion_http_requests",
    "Requests answered.",
    ("method", "route", "status"),
    registry=registry,
)
latency = Histogram(
    "fusion_http_request_seconds",
    "Time from the arrival of a request in the application to its answer.",
    ("method", "route"),
    buckets=(0.005, 0.02, 0.1, 0.5, 2, 10),
    registry=registry,
)
refusals = Counter(
    "fusion_refusals", "Requests answered with a problem.", ("code",), registry=registry
)
outages = Counter(
    "fusion_database_outages",
    "Requests answered 503 because the database could not do its work, by reason.",
    ("reason",),
    registry=registry,
)
shared_calls = Histogram(
    "fusion_shared_transaction_calls",
    "Calls that one transaction made, of routes whose writes may share one.",
    ("route",),
    buckets=(1, 2, 4, 8, 16, 32, 64),
    registry=registry,
)
shared_wait = Histogram(
    "fusion_shared_transaction_wait_seconds",
    "Time for which the call that leads such a transaction waited for the one before.",
    ("route",),
    buckets=(0.0001, 0.001, 0.005, 0.02, 0.1, 0.5),
    registry=registry,
)
pool_size, pool_in_use, pool_waiting = (
    Gauge(f"fusion_database_pool_{name}", help, multiprocess_mode="livesum", registry=registry)
    for name, help in (
        ("connections", "Database connections that the server processes hold."),
        ("in_use", "Database connections that answer a request at this moment."),
        ("waiting", "Requests that wait for a database connection."),
    )
)


def count(method: str, route: str, status: int, seconds: float) -> None:
    """Count one answered request. Unknown methods share a label: clients must not create labels."""
    method = method if method in METHODS else "other"
    counter, histogram = _labelled(method, route, str(status))
    counter.inc()
    histogram.observe(seconds)


@cache
def _labelled(method: str, route: str, status: str) -> tuple[Counter, Histogram]:
    """Caches a counter for each route, method and status: looking one up costs more than adding to
    it.
    """
    return requests.labels(method, route, status), latency.labels(method, route)


def count_shared(route: str, calls: int, waited: float) -> None:
    """Count one transaction of `calls` calls, whose leader waited for `waited` seconds."""
    counted, waits = _shared_of(route)
    counted.observe(calls)
    waits.observe(waited)


@cache
def _shared_of(route: str) -> tuple[Histogram, Histogram]:
    return shared_calls.labels(route), shared_wait.labels(route)


def render() -> bytes:
    """The metrics of all server processes, as text."""
    if FOLDER not in os.environ:
        return generate_latest(registry)
    _remove_dead_processes()
    everyone = CollectorRegistry()
    MultiProcessCollector(everyone)  # type: ignore[no-untyped-call]
    return generate_latest(everyone)


def watch_pool() -> None:
    """Sample this process's connection pool, from a thread that ends with the process."""
    threading.Thread(target=_watch_pool, name="fusion-pool-metrics", daemon=True).start()


def _watch_pool() -> None:
    pool = connection.pool  # type: ignore[attr-defined]
    while True:
        # Before its first connection a pool reports the connections that it is about to open.
        stats = {} if pool.closed else pool.get_stats()
        size = stats.get("pool_size", 0)
        pool_size.set(size)
        pool_in_use.set(size - stats.get("pool_available", 0))
        pool_waiting.set(stats.get("requests_waiting", 0))
        time.sleep(POOL_INTERVAL)


def _remove_dead_processes() -> None:
    """Remove the gauges of killed processes; keep their counters."""
    for file in Path(os.environ[FOLDER]).glob("gauge_live*.db"):
        pid = int(file.stem.rpartition("_")[2])
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            mark_process_dead(pid)  # type: ignore[no-untyped-call]
