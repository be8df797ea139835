"""The worker's schedule: all that workers do by the clock.

No entry carries data that could be lost: the rows of the tables say what is to be done, so the next
run completes what an interrupted one left.
"""

from collections.abc import Callable

import structlog
from asgiref.sync import async_to_sync
from procrastinate.contrib.django import app
from procrastinate.jobs import Status

from fusion.events.mark import mark_feed
from fusion.jobs.former import drain_former_queues
from fusion.jobs.retention import purge, purge_jobs, purge_records
from fusion.jobs.sweeps import Sweep
from fusion.kernel.ids import new_id
from fusion.kernel.job_queue import Retries
from fusion.lifecycle.apply_due import apply_due_orders
from fusion.lifecycle.apply_due_ports import apply_due_ports
from fusion.numbers.sweep import sweep_numbers
from fusion.ordering.remind_expiring import remind_expiring
from fusion.portal.mails.outbox import MAIL
from fusion.portal.members.mail import write_invitation_mails
from fusion.portal.orders.mail import write_order_mails
from fusion.portal.ports.mail import write_port_mails
from fusion.portal.requests.mail import write_request_mails
from fusion.portal.subscriptions.channel_mails import write_channel_mails
from fusion.reporting.rollup import refresh
from fusion.trunks.sweep import sweep_calls
from fusion.users.provision import BATCHES

log = structlog.get_logger(__name__)

HOURLY = "hourly"
"""The queue of what is done once an hour."""

QUEUES = ([MAIL], [BATCHES, HOURLY])
"""The queues, divided so that a slow mail server delays mails alone."""

SLICE = 100
"""Orders applied between two checks whether the worker must stop."""

NUMBERS_SLICE = 2_000
"""Numbers swept between two such checks."""

STALLED = 30
"""Seconds without a heartbeat after which a worker counts as dead."""


def recover_jobs() -> None:
    """Retry the jobs of dead workers.

    Jobs with a queueing lock are periodic: their next one is already queued, and a second one is
    not allowed. All others are queued again.
    """
    manager = app.job_manager
    async_to_sync(manager.prune_stalled_workers)(STALLED)
    for job in async_to_sync(manager.get_stalled_jobs)(seconds_since_heartbeat=STALLED):
        log.warning("requeued the job of a dead worker", task=job.task_name, job=job.id)
        if job.queueing_lock:
            async_to_sync(manager.finish_job)(job, status=Status.FAILED, delete_job=True)
        else:
            async_to_sync(manager.retry_job)(job)


SWEEPS = (
    Sweep("apply_due_orders", 5, lambda: _apply(SLICE) == SLICE),
    Sweep("sweep_numbers", 5, lambda: _expire(NUMBERS_SLICE) == NUMBERS_SLICE),
    Sweep("apply_due_ports", 5, lambda: _port(SLICE) == SLICE),
    Sweep("sweep_calls", 5, sweep_calls),
    Sweep("remind_expiring", 600, remind_expiring),
    Sweep("write_request_mails", 2, write_request_mails),
    Sweep("write_port_mails", 2, write_port_mails),
    Sweep("write_order_mails", 2, write_order_mails),
    Sweep("write_channel_mails", 2, write_channel_mails),
    Sweep("write_invitation_mails", 2, write_invitation_mails),
    Sweep("refresh_rollup", 30, refresh),
    Sweep("mark_feed", 60, mark_feed),
    Sweep("recover_jobs", 60, recover_jobs),
    Sweep("drain_former_queues", 5, drain_former_queues),
)

PURGES = {17: purge, 27: purge_records, 47: purge_jobs}
"""Minute of the hour → what is then purged."""


def _apply(limit: int) -> int:
    return apply_due_orders(limit=limit, request_id=str(new_id()))


def _port(limit: int) -> int:
    return apply_due_ports(limit=limit, request_id=str(new_id()))


def _expire(limit: int) -> int:
    return sweep_numbers(limit=limit, request_id=str(new_id()))


def _register(minute: int, run: Callable[[], None]) -> None:
    """Have procrastinate defer it at that minute, once for all workers."""
    name = run.__name__

    @app.periodic(cron=f"{minute} * * * *")
    @app.task(name=name, queue=HOURLY, queueing_lock=name, retry=Retries(attempts=1))
    def task(timestamp: int) -> None:
        run()


for _minute, _run in PURGES.items():
    _register(_minute, _run)
