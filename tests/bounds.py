"""How long tests wait. Nothing waits for ever: a condition that does not occur fails its test."""

import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from hypothesis import HealthCheck, Phase, settings

PATIENCE = 60.0
"""Seconds that a test waits for anything, also on a slow machine."""

TIMES = int(os.environ.get("EXAMPLES", "1"))
"""How many times as many generated examples as in `make test`; `make examples` sets 20."""


def drain(step: Callable[[], object], patience: float = 5 * PATIENCE) -> None:
    """Repeat `step` until it has nothing to do (returns a false value)."""
    deadline = time.monotonic() + patience
    while step():
        assert time.monotonic() < deadline, f"there is no end of work for {step}"


@contextmanager
def killed_after(process: "subprocess.Popen[Any]", patience: float = PATIENCE) -> Iterator[None]:
    """Kill the process unless this block ends in time: reading its output then ends as well."""
    timer = threading.Timer(patience, process.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def sequences(examples: int, steps: int) -> settings:
    """Settings of a model: `examples` times `TIMES` sequences, each of at most `steps` steps."""
    return settings(
        max_examples=examples * TIMES,
        stateful_step_count=steps,
        phases=(Phase.generate,),  # shrinking a failure would take minutes
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
