"""`make bench`: measure, print, and write `var/bench.json` and the table in the documentation.

Each figure is the median of several rounds. In each round one side runs directly after the other,
so that changes in the machine's speed affect both.
"""

import argparse
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from bench import pgbench, requests
from bench.bulk import measure_bulk
from bench.compare import compare, grow
from bench.described import measure_described
from bench.ledger import measure_past
from bench.live import measure_live
from bench.pages import measure_pages
from bench.plot import plot
from bench.provisioned import measure_batch, measure_next_free, measure_provisioning
from bench.report import machine, show, write_documentation
from bench.scaling import measure_scaling
from bench.sip import measure_calls
from bench.soak import measure_soak
from bench.stage import VAR, Stage, open_stages
from bench.wrk import measure_wrk

BATCH_CONNECTIONS = 2


def main() -> None:
    """Run all of it."""
    wanted = _arguments()
    results: dict[str, Any] = {"machine": {**machine(), "server_workers": wanted.workers}}
    if wanted.bulk_only:
        with open_stages("small", workers=wanted.workers) as [small]:
            results |= measure_bulk(small, wanted.rounds)
    elif wanted.soak:
        with open_stages("small", workers=wanted.workers) as [small]:
            results |= measure_soak(small, wanted.soak)
    elif not wanted.pages_only:
        results |= _measure(wanted)
    if not (wanted.ratios_only or wanted.bulk_only or wanted.soak):
        results |= measure_pages(wanted.workers, wanted.seconds / 3, wanted.rounds)
    show(results)
    if not (wanted.pages_only or wanted.bulk_only or wanted.soak):
        plot(results, Path("docs/cost.svg"))
    VAR.parent.joinpath("bench.json").write_text(json.dumps(results, indent=2) + "\n")
    write_documentation(results, Path("docs/performance.md"))


def _measure(wanted: argparse.Namespace) -> dict[str, Any]:
    """Everything except the pages."""
    seconds, rounds = wanted.seconds, wanted.rounds
    names = ("small",) if wanted.ratios_only else ("small", "large")
    with open_stages(*names, workers=wanted.workers) as [small, *others]:
        results = _ratios(small, seconds, rounds)
        results |= measure_provisioning(small, seconds, rounds)
        results["server_resident_mb"] = {"value": round(small.resident_mb(), 1)}
        results |= measure_batch(small, rounds)
        results |= measure_bulk(small, rounds)
        results |= measure_calls(small, rounds)
        results |= measure_described(small, seconds / 2, rounds)
        results |= measure_live(small, seconds / 2, rounds)
        results |= measure_past(small, seconds / 2, rounds)
        results |= measure_wrk(small, seconds / 2, rounds)
        results |= measure_scaling(small, seconds / 2, rounds)
        for large in others:
            results |= _growth(small, large, seconds / 2, rounds)
            results |= measure_next_free(small, large, rounds)
    return results


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each figure (5)")
    parser.add_argument("--seconds", type=float, default=6, help="seconds of each side (6)")
    parser.add_argument("--workers", type=int, default=2, help="server processes (2)")
    part = parser.add_mutually_exclusive_group()
    part.add_argument(
        "--ratios-only", action="store_true", help="leave out the large database (minutes to make)"
    )
    part.add_argument("--pages-only", action="store_true", help="the pages of the portal alone")
    part.add_argument("--bulk-only", action="store_true", help="the bulk work alone")
    part.add_argument(
        "--soak", type=float, metavar="MINUTES", help="mixed traffic alone, for so many minutes"
    )
    return parser.parse_args()


def _ratios(small: Stage, seconds: float, rounds: int) -> dict[str, Any]:
    """Orders and balances over HTTP against the same by pgbench."""
    order, order_now = pgbench.place_order(small), pgbench.place_order_now(small)
    return {
        "place_order": compare(small, requests.place(small), order, seconds, rounds, now=order_now),
        "place_orders_batch": compare(
            small,
            requests.place_batch(small),
            order,
            seconds,
            rounds,
            connections=BATCH_CONNECTIONS,
            each=requests.BATCH,
            now=order_now,
        ),
        "read_balances": compare(
            small, requests.balances(small), pgbench.read_balances(small), seconds, rounds
        ),
    }


def _growth(small: Stage, large: Stage, seconds: float, rounds: int) -> dict[str, Any]:
    """The same request against 1,000 and against 100,000 subscriptions, one at a time."""
    made: Iterable[tuple[str, Callable[[Stage], list[bytes]]]] = (
        ("grow_place_order", requests.place),
        ("grow_read_balances", requests.balances),
        ("grow_order_list_first_page", requests.first_page),
        ("grow_order_list_deep_page", requests.deep_page),
    )
    return {name: grow(small, large, make, seconds, rounds) for name, make in made}


main()
