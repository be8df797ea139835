"""An admission among few and among many live calls of one subscription."""

from functools import partial
from statistics import median
from typing import Any

import psycopg

from bench import provisioning
from bench.compare import WARM_UP, must_succeed
from bench.load import drive
from bench.provisioning import FEW
from bench.stage import Stage

FEW_LIVE, MANY_LIVE = 10, 10_000

ADMIT = """
SELECT count(*) FILTER (WHERE a.status <> 201)
FROM generate_series(1, %s) n
CROSS JOIN LATERAL calls.admit(
    %s, 'outbound', 'live-' || n, '+3225550100', '+3225550199', interval '1 day') a
"""
END = "SELECT calls.end_call(%s, 'outbound', 'live-' || n) FROM generate_series(1, %s) n"


def measure_live(stage: Stage, seconds: float, rounds: int) -> dict[str, Any]:
    """Milliseconds of a pair of requests, one at a time, on a trunk with few and one with many."""
    ground = provisioning.prepare(stage, FEW)
    trunks = dict(zip((FEW_LIVE, MANY_LIVE), ground.trunks, strict=False))
    took: dict[int, list[float]] = {live: [] for live in trunks}
    with psycopg.connect(stage.database_url, autocommit=True) as sql:
        try:
            for live, trunk in trunks.items():
                (refused,) = sql.execute(ADMIT, [live, trunk]).fetchone() or (None,)
                if refused != 0:
                    raise SystemExit(f"bench: {refused} calls were not admitted")
            sql.execute("VACUUM ANALYZE trunks_call")
            for round_ in range(rounds + 1):
                for live, trunk in trunks.items():
                    pairs = partial(provisioning.calls, stage, [trunk])
                    load = drive(
                        stage.port, pairs, connections=1, seconds=seconds if round_ else WARM_UP
                    )
                    must_succeed(load)
                    if round_:
                        took[live].append(2 * load.median_ms)
        finally:
            for live, trunk in trunks.items():
                sql.execute(END, [trunk, live])
    pairs_of = zip(took[MANY_LIVE], took[FEW_LIVE], strict=True)
    return {
        "grow_admit_10000_live": {
            "small_ms": round(median(took[FEW_LIVE]), 3),
            "large_ms": round(median(took[MANY_LIVE]), 3),
            "ratio": round(median(many / few for many, few in pairs_of), 3),
            "runs": rounds,
        }
    }
