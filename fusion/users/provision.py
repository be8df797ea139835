"""Provisioning batches of users: a job of the queue for each chunk of a batch.

The batch stores its progress in the transaction of a chunk's effects: nothing has to be recovered
after a crash. A small batch does not wait for a large one that was submitted before it, because
the job for the next chunk goes to the end of the queue.
"""

from typing import Any
from uuid import UUID

import orjson
import structlog
from django.db import DatabaseError
from procrastinate import JobContext
from procrastinate.contrib.django import app

from fusion.kernel.clock import KernelNow
from fusion.kernel.database import fetch_value, first_row
from fusion.kernel.job_queue import Retries, defer
from fusion.kernel.postgresql.outage import outage_of
from fusion.users.models import Job

log = structlog.get_logger(__name__)

BATCHES = "batches"
"""The queue of these jobs."""

CHUNK = 1_000
"""Rows of one transaction: other changes of the subscription wait at most for these."""

PARTS = 10
"""The number of parts into which a failing chunk is divided, to find the faulty row."""

LOCKED = 2
"""Seconds until the next attempt if another worker has locked the batch."""

RETRIES = Retries(attempts=6, wait=2)
"""Within a minute; then the batch has failed."""

NEXT_ROWS = """
SELECT (SELECT w.answer::text
        FROM users_job j, users_provision_v2(j.group_id, jsonb_build_array(
            jsonb_build_object('job', j.id, 'limit', %s::int, 'patient', %s::boolean))) w
        WHERE j.id = %s::uuid)
"""

STOPPED = (
    "Fusion stopped after {done} of {total} rows because of an error in Fusion. The other rows "
    "were not processed. The operator finds the cause in the worker's log under job {id}."
)


@app.task(name="provision_batch", queue=BATCHES, retry=RETRIES, pass_context=True)
def provision_next(context: JobContext, batch: str) -> None:
    """Process the next chunk of a batch, and defer a job for the one after it."""
    first_row("SELECT 1")
    try:
        progress = provision_batch(UUID(batch))
    except Exception as error:
        if RETRIES.is_last(error, context.job):
            fail_batch(UUID(batch))
        raise
    if progress is None and _waiting(batch).exists():
        defer(provision_next, {"batch": batch}, seconds=LOCKED)
    elif progress is not None:
        log.info("job progressed", **progress)
        if not progress["finished"]:
            defer(provision_next, {"batch": batch})


def provision_batch(job: UUID, chunk: int = CHUNK) -> dict[str, Any] | None:
    """Process one chunk of one job; returns its progress, None if the job has ended or is locked.

    A chunk that the database refuses is done in parts, down to the single faulty row; that row
    fails, the job reports it, and all others are done. Raises DatabaseError if not even the failure
    of a row can be recorded, or if the database is unavailable.
    """
    try:
        progress = _call(NEXT_ROWS, chunk, False, job)
        if progress and progress.get("again"):
            progress = _call(NEXT_ROWS, chunk, True, job)
        return progress
    except DatabaseError as error:
        if outage_of(error):
            raise  # database unavailable, or this was a deadlock's victim: retry later
        if chunk == 1:
            log.exception("row of a job failed", job=str(job))
            return _call("SELECT users_give_up_row(%s::uuid)::text", job)
    return _provision_in_parts(job, chunk)


def fail_batch(id: UUID) -> None:
    """End a batch whose next row can neither be processed nor recorded as failed."""
    for job in _waiting(id).defer("rows"):
        text = STOPPED.format(done=job.done, total=job.total, id=id)
        error = f"{job.error} {text}" if job.error else text
        unchanged = _waiting(id).filter(done=job.done)
        unchanged.update(state="failed", finished_at=KernelNow(), error=error)


def _waiting(id: UUID | str) -> Any:
    rows = Job.objects.unscoped("a batch of the worker's own").filter(id=id)
    return rows.filter(finished_at=None)


def _provision_in_parts(job: UUID, chunk: int) -> dict[str, Any] | None:
    size = -(-chunk // PARTS)
    progress = None
    for _ in range(-(-chunk // size)):
        progress = provision_batch(job, size)
        if progress is None or progress["finished"]:
            break
    return progress


def _call(statement: str, *parameters: UUID | int | bool) -> dict[str, Any] | None:
    answer = fetch_value(statement, parameters)
    progress: dict[str, Any] | None = None if answer is None else orjson.loads(answer)
    return progress
