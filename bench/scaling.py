"""One server process against two, on the same database."""

from statistics import median
from typing import Any

from bench import requests
from bench.compare import CONNECTIONS, WARM_UP, must_succeed
from bench.load import drive
from bench.stage import Stage, served


def measure_scaling(stage: Stage, seconds: float, rounds: int) -> dict[str, Any]:
    """Requests per second with one and with two processes, and the ratio of both."""
    rates: dict[str, list[tuple[float, float]]] = {"place_order": [], "read_balances": []}
    with served(stage, workers=1) as one, served(stage, workers=2) as two:
        sent = {"place_order": requests.place(stage), "read_balances": requests.balances(stage)}
        for name, each in sent.items():
            for served_stage in (one, two):
                drive(served_stage.port, each, connections=CONNECTIONS, seconds=WARM_UP)
            for _ in range(rounds):
                alone, both = (
                    drive(each_stage.port, each, connections=CONNECTIONS, seconds=seconds)
                    for each_stage in (one, two)
                )
                must_succeed(alone)
                must_succeed(both)
                rates[name].append((alone.per_second, both.per_second))
    return {
        f"scale_{name}": {
            "one_per_s": round(median(alone for alone, _ in pairs), 1),
            "two_per_s": round(median(both for _, both in pairs), 1),
            "ratio": round(median(both / alone for alone, both in pairs), 3),
            "runs": rounds,
        }
        for name, pairs in rates.items()
    }
