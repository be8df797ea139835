"""`fusion worker`: runs the tasks of `fusion.jobs.schedule` until the signal to stop."""

import asyncio
import contextlib
import signal

import click
import structlog
from procrastinate import PsycopgConnector
from procrastinate.contrib.django import app, connector_params

from fusion.cli.advice import advise
from fusion.jobs import schedule as tasks
from fusion.kernel.pooler import is_pooled
from fusion.kernel.postgresql.pool import OPENED, AsyncPool

log = structlog.get_logger(__name__)

CONCURRENCY = 4
"""Most jobs that one worker runs at a time."""

GRACE = 20.0
"""Seconds that jobs in progress may take after the signal to stop."""

POLLING = 1.0
"""Seconds between two looks for new jobs where the database cannot tell of them."""

PAUSE = 1.0
"""Seconds until the database is tried again after it went away."""


def run() -> None:
    """Work until SIGTERM or SIGINT; a database that goes away for a while is waited for."""
    queues = ", ".join(sorted({task.queue for task in app.tasks.values()} - {"builtin"}))
    advise()
    click.echo(f"Fusion worker: {queues or tasks.SWEEP}; stop it with Ctrl-C", err=True)
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
    """One life of procrastinate's worker. Cancelled, it takes no new job and ends those it has."""
    connector = PsycopgConnector(
        pool_factory=AsyncPool,
        kwargs=connector_params(),
        min_size=1,
        max_size=CONCURRENCY + 2,
        timeout=2 * PAUSE + OPENED,  # then all of it begins anew
    )
    with app.replace_connector(connector):
        async with app.open_async():
            worker = asyncio.create_task(
                app.run_worker_async(
                    concurrency=CONCURRENCY,
                    install_signal_handlers=False,
                    shutdown_graceful_timeout=GRACE,
                    # Behind a pooler there are no notifications of new jobs: the worker polls.
                    listen_notify=not is_pooled(),
                    fetch_job_polling_interval=POLLING if is_pooled() else 5.0,
                    stalled_worker_timeout=tasks.STALLED,
                )
            )
            stopped = asyncio.create_task(stop.wait())
            await asyncio.wait((worker, stopped), return_when=asyncio.FIRST_COMPLETED)
            stopped.cancel()
            worker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await worker
