"""Provisioning batches of users: what the workers do every few seconds.

The jobs themselves are the queue, and each carries how far it has come: nothing has to be
recovered after a crash. Several workers share the jobs, a chunk of one at a time.
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
"""Rows of one transaction: what others who change the subscription wait for, at most."""

PARTS = 10
"""Into how many parts a chunk is divided that cannot be done, to find the row that is to blame."""

WAITING = """
SELECT id FROM users_job WHERE state <> 'finished' ORDER BY created_at, id LIMIT 1000
"""


def provision_batches(*, chunk: int = CHUNK) -> int:
    """One chunk of each job that is waiting and in no other worker's hands; how many there were.

    In turns, so that a small batch does not wait for a large one that came before it.
    """
    first_row("SELECT 1")
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        jobs = [job for (job,) in cursor.fetchall()]
    done = [told for job in jobs if (told := provision_batch(job, chunk)) is not None]
    for told in done:
        log.info("job went on", **told)
    return len(done)


def provision_batch(job: UUID, chunk: int = CHUNK) -> dict[str, Any] | None:
    """One chunk of one job: how far it has come; None where it is over or in other hands.

    A chunk that the database refuses is done in parts, down to the single row that is to blame;
    that row fails, which the job then tells, and all others are done.
    """
    try:
        return _call("SELECT users_provision(%s::uuid, %s::int)::text", job, chunk)
    except DatabaseError as error:
        if outage_of(error):
            raise  # the database is away, or chose this one to end a deadlock: another time
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
    """Record the next row as failed, so that the job goes on; None where not even that works."""
    try:
        return _call("SELECT users_give_up_row(%s::uuid)::text", job)
    except DatabaseError as error:
        if outage_of(error):
            raise
        # One job that cannot be done does not keep the others from being done.
        log.exception("job failed", job=str(job))
        return None


def _call(statement: str, *parameters: UUID | int) -> dict[str, Any] | None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        (answer,) = cursor.fetchone()
    told: dict[str, Any] | None = None if answer is None else orjson.loads(answer)
    return told
