"""Assigning numbers, linking users and admitting calls, measured."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from statistics import median
from typing import Any

from bench import pgbench, provisioning
from bench.compare import CONNECTIONS, compare, grow, must_succeed
from bench.load import finish
from bench.provisioning import FEW, FEW_OR_MANY, MANY, STOCK, Ground
from bench.stage import Stage

PATIENCE = 120
"""Seconds within which a batch must finish."""


def measure_provisioning(small: Stage, seconds: float, rounds: int) -> dict[str, Any]:
    """Each hot path over HTTP against the first release's functions by pgbench, and the present."""
    ground = provisioning.prepare(small, FEW)
    return {
        "assign_number": compare(
            small,
            provisioning.assign(small),
            pgbench.assign_number(small, STOCK),
            seconds,
            rounds,
            now=pgbench.assign_number_now(small, STOCK),
        ),
        "link_user": compare(
            small,
            provisioning.link(small, ground.kits),
            pgbench.link_user(small),
            seconds,
            rounds,
            now=pgbench.link_user_now(small),
            reset=partial(provisioning.unlink_all, small),
        ),
        "admit_and_end_call": compare(
            small,
            partial(provisioning.calls, small, ground.trunks),
            pgbench.admit_and_end_call(small, len(ground.trunks)),
            seconds,
            rounds,
            each=0.5,
            now=pgbench.admit_and_end_call_now(small, len(ground.trunks)),
        ),
    }


def measure_next_free(small: Stage, large: Stage, rounds: int) -> dict[str, Any]:
    """ "Next 1 free" of 10,000 numbers, and of 10,000,000."""
    provisioning.prepare(small, FEW)
    provisioning.prepare(large, MANY)
    assign = partial(provisioning.assign, sku=FEW_OR_MANY)
    # Short, so that the small stock is enough.
    return {"grow_next_free": grow(small, large, assign, 0.8, rounds, warm_up=0.5)}


def measure_batch(small: Stage, rounds: int) -> dict[str, Any]:
    """10,000 links as one batch, until its job is finished, against 10,000 single ones."""
    ground = provisioning.prepare(small, FEW)
    single, batch = [], []
    with worker(small):
        for _ in range(max(1, rounds // 2)):
            provisioning.unlink_all(small)
            load = finish(
                small.port, provisioning.link(small, ground.crowd), connections=CONNECTIONS
            )
            must_succeed(load)
            single.append(load.seconds)
            provisioning.unlink_all(small)
            batch.append(_batch(small, ground))
    return {
        "link_batch": {
            "single_s": round(median(single), 2),
            "batch_s": round(median(batch), 2),
            "ratio": round(median(one / all for one, all in zip(single, batch, strict=True)), 2),
            "links": len(ground.crowd),
            "runs": len(batch),
        }
    }


def _batch(stage: Stage, ground: Ground) -> float:
    """Seconds from sending the batch to the end of its job."""
    rows = [
        {"login": login, "display_name": login, "number": e164}
        for login, (_, _, e164) in zip(ground.logins, ground.crowd, strict=True)
    ]
    path = f"/subscriptions/{ground.crowd[0][1]}/users/batch"
    begin = time.perf_counter()
    return await_job(stage, stage.call("POST", path, {"users": rows}), begin)


def await_job(stage: Stage, job: Any, begin: float) -> float:
    """Seconds from `begin` to the end of the job; SystemExit if it is late, or refuses a row."""
    while job["state"] != "finished":
        if time.perf_counter() - begin > PATIENCE:
            raise SystemExit(f"bench: the batch was not finished: {json.dumps(job)}")
        time.sleep(0.02)
        job = stage.call("GET", f"/jobs/{job['id']}")
    took = time.perf_counter() - begin
    if job["failed"]:
        (first, *_) = stage.call("GET", f"/jobs/{job['id']}/results?failed=true")["items"]
        raise SystemExit(f"bench: {job['failed']} rows of the batch were refused: {first}")
    return took


@contextmanager
def worker(stage: Stage) -> Iterator[None]:
    """A worker of the stage, inside this context."""
    process = subprocess.Popen(
        [sys.executable, "-m", "fusion.cli", "worker"],
        env=stage.environment(),
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
