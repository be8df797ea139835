"""The worker's schedule. Any number of workers may run; each task runs once per scheduled time.

No task carries data that could be lost: the rows of the tables say what is to be done, so the next
run completes what an interrupted one left. A queueing lock keeps the tasks from piling up while
they cannot run.
"""

from datetime import UTC, datetime

import structlog
from procrastinate import JobContext
from procrastinate.contrib.django import app
from procrastinate.jobs import Status

from fusion.access.retention import purge_idempotency_keys
from fusion.clients.retention import purge_attempts, purge_tokens
from fusion.kernel.environment import setting
from fusion.kernel.ids import new_id
from fusion.lifecycle.apply_due import apply_due_orders
from fusion.numbers.sweep import sweep_numbers
from fusion.portal.forget import forget_sessions
from fusion.portal.mails.outbox import deliver_mail
from fusion.portal.members.mail import write_invitation_mails
from fusion.portal.requests.mail import write_request_mails
from fusion.reporting.rollup import refresh
from fusion.trunks.keep_records import keep_records
from fusion.trunks.sweep import sweep_calls
from fusion.users.forget import forget_batches
from fusion.users.provision import provision_batches

log = structlog.get_logger(__name__)

SWEEP = "sweep"
"""The queue of these tasks. `fusion_worker_sweep_age_seconds` looks for them there."""

SLICE = 100
"""Orders applied between two checks whether the worker must stop."""

NUMBERS_SLICE = 2_000
"""Numbers swept between two such checks."""

STALLED = 30
"""Seconds without a heartbeat after which a worker counts as dead."""

KEPT_HOURS, KEPT_FAILED_HOURS = 1, 7 * 24
"""How long the queue keeps jobs that succeeded, and those that failed."""


@app.periodic(cron="* * * * * */5")
@app.task(name="apply_due_orders", queue=SWEEP, queueing_lock="apply_due_orders", pass_context=True)
def sweep_orders(context: JobContext, timestamp: int) -> None:
    """Apply the scheduled orders that are due, until none is left."""
    request_id = str(new_id())
    while not context.should_abort():
        if apply_due_orders(limit=SLICE, request_id=request_id) < SLICE:
            break


@app.periodic(cron="* * * * * */5")
@app.task(name="sweep_numbers", queue=SWEEP, queueing_lock="sweep_numbers", pass_context=True)
def lapse_numbers(context: JobContext, timestamp: int) -> None:
    """Expire reservations and quarantines, until none is due."""
    request_id = str(new_id())
    while not context.should_abort():
        if sweep_numbers(limit=NUMBERS_SLICE, request_id=request_id) < NUMBERS_SLICE:
            break


@app.periodic(cron="* * * * * */2")
@app.task(name="provision_users", queue=SWEEP, queueing_lock="provision_users", pass_context=True)
def provision_users(context: JobContext, timestamp: int) -> None:
    """Continue the batches of users, a chunk of each in turn, until none is left."""
    while not context.should_abort():
        if not provision_batches():
            break


@app.periodic(cron="* * * * * */2")
@app.task(name="send_mail", queue=SWEEP, queueing_lock="send_mail", pass_context=True)
def send_mail(context: JobContext, timestamp: int) -> None:
    """Write the mails of events and invitations, and deliver those due, until none is left."""
    for write in (write_request_mails, write_invitation_mails):
        while not context.should_abort() and write():
            pass
    while not context.should_abort():
        if not deliver_mail():
            break


@app.periodic(cron="* * * * * */5")
@app.task(name="sweep_calls", queue=SWEEP, queueing_lock="sweep_calls")
def lapse_calls(timestamp: int) -> None:
    """Turn calls with expired leases into records, and delete old tombstones."""
    sweep_calls()


@app.periodic(cron="* * * * * */30")
@app.task(name="refresh_rollup", queue=SWEEP, queueing_lock="refresh_rollup")
def refresh_rollup(timestamp: int) -> None:
    """Refresh the sums of the overview."""
    refresh()


@app.periodic(cron="27 * * * *")
@app.task(name="keep_records", queue=SWEEP, queueing_lock="keep_records")
def keep_call_records(timestamp: int) -> None:
    """Create partitions for the call records of coming months, and drop those past retention."""
    keep_records(months=setting("FUSION_CALL_RECORD_MONTHS"))


@app.periodic(cron="17 * * * *")
@app.task(name="forget", queue=SWEEP, queueing_lock="forget")
def forget(timestamp: int) -> None:
    """Purge stored answers and batches past retention, expired tokens and sessions."""
    answers = purge_idempotency_keys(days=setting("FUSION_IDEMPOTENCY_DAYS"))
    tokens = purge_tokens()
    purge_attempts()
    batches = forget_batches()
    sessions = forget_sessions()
    log.info("forgotten", answers=answers, tokens=tokens, batches=batches, sessions=sessions)


@app.periodic(cron="47 * * * *")
@app.task(name="forget_jobs", queue=SWEEP, queueing_lock="forget_jobs")
async def forget_jobs(timestamp: int) -> None:
    """Delete the records of finished jobs."""
    await app.job_manager.delete_old_jobs(nb_hours=KEPT_HOURS)
    await app.job_manager.delete_old_jobs(
        nb_hours=KEPT_FAILED_HOURS,
        include_failed=True,
        include_cancelled=True,
        include_aborted=True,
    )


@app.periodic(cron="* * * * *")
@app.task(name="recover_jobs", queue=SWEEP, queueing_lock="recover_jobs")
async def recover_jobs(timestamp: int) -> None:
    """Retry the jobs of dead workers.

    Jobs with a queueing lock are periodic: their next one is already queued, and a second one is
    not allowed. All others are queued again.
    """
    manager = app.job_manager
    await manager.prune_stalled_workers(STALLED)
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED):
        log.warning("requeued the job of a dead worker", task=job.task_name, job=job.id)
        if job.queueing_lock:
            await manager.finish_job(job, status=Status.FAILED, delete_job=True)
        else:
            await manager.retry_job(job, retry_at=datetime.now(UTC))
