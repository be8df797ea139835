"""Compares two sides alternately, so that changes in the machine's speed affect both."""

from collections.abc import Callable
from statistics import median, quantiles
from typing import Any

from bench import pgbench
from bench.cpu import measured
from bench.load import Load, Requests, drive, pace
from bench.stage import Stage

CONNECTIONS = 16
WARM_UP = 2.0
"""Seconds of warm-up before a side is measured."""


def compare(
    stage: Stage,
    sent: Requests,
    script: str,
    seconds: float,
    rounds: int,
    *,
    connections: int = CONNECTIONS,
    each: float = 1,
    now: str = "",
    reset: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """HTTP against pgbench; `each` is the number of operations of a request, `reset` runs before
    each side.

    `ratio` is against `script`; if that is the yardstick, `ratio_now` is against `now`, which calls
    the function that serves. Processor time is in milliseconds per operation: `pgbench_cpu_ms` is
    the database's when pgbench sends `script`. `p50_ms` and `p99_ms` are latencies of requests sent
    at half the greatest rate.
    """
    reset()
    drive(stage.port, sent, connections=connections, seconds=WARM_UP)
    http, direct, serving = [], [], []
    server, database, alone = [], [], []
    for _ in range(rounds):
        if now:
            reset()
            serving.append(pgbench.per_second(stage, now, connections=CONNECTIONS, seconds=seconds))
        reset()
        with measured(stage) as used:
            direct.append(
                pgbench.per_second(stage, script, connections=CONNECTIONS, seconds=seconds)
            )
        alone.append(1000 * used.database / (direct[-1] * seconds))
        reset()
        with measured(stage) as used:
            load = drive(stage.port, sent, connections=connections, seconds=seconds)
        must_succeed(load)
        http.append(load.per_second * each)
        done = sum(load.statuses.values()) * each
        server.append(1000 * used.server / done)
        database.append(1000 * used.database / done)
    reset()
    half = pace(
        stage.port,
        sent,
        connections=connections,
        rate=median(http) / each / 2,
        seconds=seconds,
    )
    must_succeed(half)
    percentiles = quantiles(half.latencies, n=100, method="inclusive")
    ratios = [ours / theirs for ours, theirs in zip(http, direct, strict=True)]
    ratios_now = [ours / theirs for ours, theirs in zip(http, serving, strict=False)]
    more = {"ratio_now": round(median(ratios_now), 3)} if now else {}
    return more | {
        "http_per_s": round(median(http), 1),
        "pgbench_per_s": round(median(direct), 1),
        "ratio": round(median(ratios), 3),
        "ratio_min": round(min(ratios), 3),
        "ratio_max": round(max(ratios), 3),
        "server_cpu_ms": round(median(server), 3),
        "database_cpu_ms": round(median(database), 3),
        "pgbench_cpu_ms": round(median(alone), 3),
        "p50_ms": round(1000 * percentiles[49], 2),
        "p99_ms": round(1000 * percentiles[98], 2),
        "runs": rounds,
        "connections": connections,
    }


def grow(
    small: Stage,
    large: Stage,
    make: Callable[[Stage], list[bytes]],
    seconds: float,
    rounds: int,
    *,
    warm_up: float = WARM_UP,
) -> dict[str, Any]:
    """The same request against the small and the large database, one at a time; latencies in ms."""
    stages = {"small": small, "large": large}
    sent = {size: make(stage) for size, stage in stages.items()}
    took: dict[str, list[float]] = {size: [] for size in stages}
    for size, stage in stages.items():
        drive(stage.port, sent[size], connections=1, seconds=warm_up)
    for _ in range(rounds):
        for size, stage in stages.items():
            load = drive(stage.port, sent[size], connections=1, seconds=seconds)
            must_succeed(load)
            took[size].append(load.median_ms)
    pairs = zip(took["large"], took["small"], strict=True)
    return {
        "small_ms": round(median(took["small"]), 3),
        "large_ms": round(median(took["large"]), 3),
        "ratio": round(median(many / few for many, few in pairs), 3),
        "runs": rounds,
    }


def must_succeed(load: Load) -> None:
    """SystemExit if there was no answer, or one that is not a success."""
    failed = {status: count for status, count in load.statuses.items() if status >= 300}
    if failed or not load.statuses:
        raise SystemExit(f"bench: answers other than success: {failed or 'none at all'}")
