"""Sweeps: work that looks for due rows every few seconds, in any number of workers.

Each sweep has one row, and the first worker that finds it due moves the row's time and runs the
sweep: nothing is left behind when there was nothing to do. A sweep that outlasts its interval may
begin in another worker too; every sweep skips rows that are locked.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event

import structlog
from django.db import close_old_connections

from fusion.kernel.database import execute, fetch_rows
from fusion.kernel.postgresql.outage import outage_of

log = structlog.get_logger(__name__)

LOOK = 1.0
"""Seconds between two looks for sweeps that are due."""

THREADS = 4
"""Most sweeps that one worker runs at a time."""

REGISTER = "INSERT INTO jobs_run (sweep) SELECT unnest(%s::text[]) ON CONFLICT DO NOTHING"

CLAIM = """
WITH due AS (
    SELECT r.sweep FROM jobs_run r
    WHERE r.sweep = ANY (%(names)s::text[]) AND r.due_at <= kernel_now()
    FOR UPDATE SKIP LOCKED
)
UPDATE jobs_run r SET due_at = kernel_now() + make_interval(secs => w.seconds)
FROM due JOIN unnest(%(names)s::text[], %(seconds)s::int[]) AS w(sweep, seconds) USING (sweep)
WHERE r.sweep = due.sweep
RETURNING r.sweep
"""

FINISHED = "UPDATE jobs_run SET finished_at = kernel_now() WHERE sweep = %s"


@dataclass(frozen=True, slots=True)
class Sweep:
    """What a worker does every `seconds`; `step` is repeated while it returns something true."""

    name: str
    seconds: int
    step: Callable[[], object]


async def run_sweeps(sweeps: tuple[Sweep, ...], stop: asyncio.Event, grace: float) -> None:
    """Run sweeps when they are due, until `stop`; an outage of the database ends all of them.

    Sweeps in progress then have `grace` seconds to end their present step.
    """
    loop = asyncio.get_running_loop()
    running: dict[str, asyncio.Future[None]] = {}
    halt = Event()
    threads = ThreadPoolExecutor(THREADS, "sweep")
    try:
        await asyncio.to_thread(register, sweeps)
        while not stop.is_set():
            for name in [name for name, run in running.items() if run.done()]:
                running.pop(name).result()
            idle = {sweep.name: sweep for sweep in sweeps if sweep.name not in running}
            for name in await asyncio.to_thread(claim, tuple(idle.values())):
                running[name] = loop.run_in_executor(threads, run_sweep, idle[name], halt)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), LOOK)
    finally:
        halt.set()
        if running:
            await asyncio.wait(running.values(), timeout=grace)
        threads.shutdown(wait=False)


def register(sweeps: Iterable[Sweep]) -> None:
    """Make sure that each sweep has its row."""
    with _own_connection():
        execute(REGISTER, [[sweep.name for sweep in sweeps]])


def claim(sweeps: Iterable[Sweep]) -> list[str]:
    """The names of those that are due and that this worker runs now."""
    seconds = {sweep.name: sweep.seconds for sweep in sweeps}
    parameters = {"names": list(seconds), "seconds": list(seconds.values())}
    with _own_connection():
        return [name for (name,) in fetch_rows(CLAIM, parameters)]


def run_sweep(sweep: Sweep, halt: Event) -> None:
    """Run a sweep to its end, or to the end of its present step once `halt` is set.

    A fault is logged, and the sweep runs again after its interval. Raises only errors of an outage.
    """
    with _own_connection():
        try:
            while not halt.is_set() and sweep.step():
                pass
            execute(FINISHED, [sweep.name])
        except Exception as error:
            if outage_of(error):
                raise
            log.exception("sweep failed", sweep=sweep.name)


@contextlib.contextmanager
def _own_connection() -> Iterator[None]:
    close_old_connections()
    try:
        yield
    finally:
        close_old_connections()
