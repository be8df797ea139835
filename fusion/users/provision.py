"""Provisioning batches of users: the workers run it every few seconds.

The jobs themselves are the queue, and each stores its progress: nothing has to be recovered after a
crash. Several workers share the jobs, one chunk of a job at a time.
"""

from typing import Any
from uuid import UUID

import orjson
import structlog
from django.db import DatabaseError, connection

from fusion.kernel.database import first_row
from fusion.kernel.postgresql.outage import outage_of

log = structlog.get_logger(__name__)

CHUNK = 1_000
"""Rows of one transaction: other changes of the subscription wait at most for these."""

PARTS = 10
"""The number of parts into which a failing chunk is divided, to find the faulty row."""

WAITING = """
SELECT id FROM users_job WHERE state <> 'finished' ORDER BY created_at, id LIMIT 1000
"""


def provision_batches(*, chunk: int = CHUNK) -> int:
    """Process one chunk of each waiting job that no other worker holds; returns how many there
    were.

    In turns, so that a small batch does not wait for a large one that was submitted before it.
    """
    first_row("SELECT 1")
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        jobs = [job for (job,) in cursor.fetchall()]
    done = [told for job in jobs if (told := provision_batch(job, chunk)) is not None]
    for told in done:
        log.info("job progressed", **told)
    return len(done)


def provision_batch(job: UUID, chunk: int = CHUNK) -> dict[str, Any] | None:
    """Process one chunk of one job; returns its progress, None if the job is finished or locked.

    A chunk that the database refuses is done in parts, down to the single faulty row; that row
    fails, the job reports it, and all others are done.
    """
    try:
        return _call("SELECT users_provision(%s::uuid, %s::int)::text", job, chunk)
    except DatabaseError as error:
        if outage_of(error):
            raise  # database unavailable, or this was a deadlock's victim: retry later
        if chunk == 1:
            log.exception("row of a job failed", job=str(job))
            return _give_up_row(job)
    return _provision_in_parts(job, chunk)


def _provision_in_parts(job: UUID, chunk: int) -> dict[str, Any] | None:
    size = -(-chunk // PARTS)
    told = None
    for _ in range(-(-chunk // size)):
        told = provision_batch(job, size)
        if told is None or told["finished"]:
            break
    return told


def _give_up_row(job: UUID) -> dict[str, Any] | None:
    """Record the next row as failed, so that the job continues; None if that fails too."""
    try:
        return _call("SELECT users_give_up_row(%s::uuid)::text", job)
    except DatabaseError as error:
        if outage_of(error):
            raise
        # One faulty job does not keep the others from being done.
        log.exception("job failed", job=str(job))
        return None


def _call(statement: str, *parameters: UUID | int) -> dict[str, Any] | None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        (answer,) = cursor.fetchone()
    told: dict[str, Any] | None = None if answer is None else orjson.loads(answer)
    return told
