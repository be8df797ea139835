"""`make bench`: measure, print, and write `var/bench.json` and the table in the documentation.

Each figure is the median of several rounds; in each round the two sides that are compared run one
right after the other, so that a drift of the machine's speed touches both.
"""

import argparse
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median
from typing import Any

from bench import pgbench, requests
from bench.load import Load, drive
from bench.report import machine, show, write_documentation
from bench.stage import VAR, Stage, open_stages

CONNECTIONS = 16
BATCH_CONNECTIONS = 2


def main() -> None:
    """Run all of it."""
    asked = _arguments()
    results: dict[str, Any] = {"machine": machine()}
    with open_stages(large=not asked.ratios_only, workers=asked.workers) as (small, large):
        seconds, rounds = asked.seconds, asked.rounds
        results["machine"]["server_workers"] = asked.workers
        results["place_order"] = _compare(
            small, requests.place(small), pgbench.place_order(small), seconds, rounds
        )
        results["place_orders_batch"] = _compare(
            small,
            requests.place_batch(small),
            pgbench.place_order(small),
            seconds,
            rounds,
            connections=BATCH_CONNECTIONS,
            each=requests.BATCH,
        )
        results["read_balances"] = _compare(
            small, requests.balances(small), pgbench.read_balances(small), seconds, rounds
        )
        results["server_resident_mb"] = {"value": round(small.resident_mb(), 1)}
        if large:
            results |= _growth(small, large, seconds / 2, rounds)
    show(results)
    VAR.parent.joinpath("bench.json").write_text(json.dumps(results, indent=2) + "\n")
    write_documentation(results, Path("docs/performance.md"))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each figure (5)")
    parser.add_argument("--seconds", type=float, default=6, help="seconds of each side (6)")
    parser.add_argument("--workers", type=int, default=2, help="server processes (2)")
    parser.add_argument(
        "--ratios-only", action="store_true", help="leave out the large database (minutes to make)"
    )
    return parser.parse_args()


def _compare(
    stage: Stage,
    sent: list[bytes],
    script: str,
    seconds: float,
    rounds: int,
    *,
    connections: int = CONNECTIONS,
    each: int = 1,
) -> dict[str, Any]:
    """HTTP against pgbench, in turn; `each` is how much one request does."""
    drive(stage.port, sent, connections=connections, seconds=2)
    http, direct = [], []
    for _ in range(rounds):
        direct.append(pgbench.per_second(stage, script, connections=CONNECTIONS, seconds=seconds))
        load = drive(stage.port, sent, connections=connections, seconds=seconds)
        _must_succeed(load)
        http.append(load.per_second * each)
    ratios = [ours / theirs for ours, theirs in zip(http, direct, strict=True)]
    return {
        "http_per_s": round(median(http), 1),
        "pgbench_per_s": round(median(direct), 1),
        "ratio": round(median(ratios), 3),
        "ratio_min": round(min(ratios), 3),
        "ratio_max": round(max(ratios), 3),
        "runs": rounds,
        "connections": connections,
    }


def _growth(small: Stage, large: Stage, seconds: float, rounds: int) -> dict[str, Any]:
    """The same request against 1,000 and against 100,000 subscriptions, one at a time."""
    made: Iterable[tuple[str, Callable[[Stage], list[bytes]]]] = (
        ("grow_place_order", requests.place),
        ("grow_read_balances", requests.balances),
        ("grow_order_list_first_page", requests.first_page),
        ("grow_order_list_deep_page", requests.deep_page),
    )
    return {name: _grow(small, large, make, seconds, rounds) for name, make in made}


def _grow(
    small: Stage, large: Stage, make: Callable[[Stage], list[bytes]], seconds: float, rounds: int
) -> dict[str, Any]:
    sent = {stage.name: make(stage) for stage in (small, large)}
    took: dict[str, list[float]] = {"small": [], "large": []}
    for stage in (small, large):
        drive(stage.port, sent[stage.name], connections=1, seconds=2)
    for _ in range(rounds):
        for stage in (small, large):
            load = drive(stage.port, sent[stage.name], connections=1, seconds=seconds)
            _must_succeed(load)
            took[stage.name].append(load.median_ms)
    pairs = zip(took["large"], took["small"], strict=True)
    return {
        "small_ms": round(median(took["small"]), 3),
        "large_ms": round(median(took["large"]), 3),
        "ratio": round(median(many / few for many, few in pairs), 3),
        "runs": rounds,
    }


def _must_succeed(load: Load) -> None:
    failed = {status: count for status, count in load.statuses.items() if status >= 300}
    if failed or not load.statuses:
        raise SystemExit(f"bench: answers other than success: {failed or 'none at all'}")


main()
