"""`fusion worker`: runs jobs and the schedule of `fusion.jobs` until the signal to stop."""

import asyncio
import contextlib
import signal
from itertools import chain

import click
import structlog
from procrastinate import PsycopgConnector
from procrastinate.contrib.django import connector_params

from fusion.cli.advice import advise
from fusion.jobs.schedule import QUEUES, STALLED, SWEEPS
from fusion.jobs.sweeps import run_sweeps
from fusion.kernel.job_queue import working_app
from fusion.kernel.pooler import is_pooled
from fusion.kernel.postgresql.pool import OPENED, AsyncPool

log = structlog.get_logger(__name__)

CONCURRENCY = 2
"""Most jobs of some queues that one worker runs at a time."""

CONNECTIONS = 6
"""Most connections of one worker to its queue."""

GRACE = 20.0
"""Seconds that jobs in progress may take after the signal to stop."""

POLLING = 1.0
"""Seconds between two polls for new jobs if the database cannot notify the worker."""

PAUSE = 1.0
"""Seconds until the worker retries an unavailable database."""


def run() -> None:
    """Work until SIGTERM or SIGINT; waits during an outage of the database."""
    queues = ", ".join(chain.from_iterable(QUEUES))
    advise()
    click.echo(f"Fusion worker: {queues}; stop it with Ctrl-C", err=True)
    asyncio.run(_work())


async def _work() -> None:
    stop = asyncio.Event()
    for order in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(order, stop.set)
    while not stop.is_set():
        try:
            await _work_until(stop)
        except Exception as error:
            log.warning("worker restarts", error=" ".join(str(error).split()))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), PAUSE)
    log.info("worker stopped")


async def _work_until(stop: asyncio.Event) -> None:
    """Run the schedule and procrastinate's workers; when one ends, all end.

    A cancelled worker takes no new job and finishes its current ones.
    """
    connector = PsycopgConnector(
        pool_factory=AsyncPool,
        kwargs=connector_params(),
        min_size=1,
        max_size=CONNECTIONS,
        timeout=2 * PAUSE + OPENED,  # then everything starts again
    )
    app = working_app(connector)
    async with app.open_async():
        parts = [
            asyncio.create_task(
                app.run_worker_async(
                    queues=queues,
                    concurrency=CONCURRENCY,
                    install_signal_handlers=False,
                    shutdown_graceful_timeout=GRACE,
                    delete_jobs="successful",
                    # Behind a pooler there are no notifications of new jobs: the worker polls.
                    listen_notify=not is_pooled(),
                    fetch_job_polling_interval=POLLING if is_pooled() else 5.0,
                    stalled_worker_timeout=STALLED,
                )
            )
            for queues in QUEUES
        ]
        parts.append(asyncio.create_task(run_sweeps(SWEEPS, stop, GRACE)))
        await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
        for part in parts:
            part.cancel()
        for result in await asyncio.gather(*parts, return_exceptions=True):
            if isinstance(result, Exception):
                raise result
