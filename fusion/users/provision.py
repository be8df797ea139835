"""Provisioning batches of users: what the workers do every few seconds.

The jobs themselves are the queue, and each carries how far it has come: nothing has to be
recovered after a crash. Several workers share the jobs, a chunk of one at a time.
"""

from typing import Any
from uuid import UUID

import orjson
import structlog
from django.db import DatabaseError, OperationalError, connection

from fusion.kernel.database import first_row

log = structlog.get_logger(__name__)

CHUNK = 1_000
"""Rows of one transaction: what others who change the subscription wait for, at most."""

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
    """One chunk of one job: how far it has come; None where it is finished or in other hands."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT users_provision(%s::uuid, %s::int)::text", [job, chunk])
            (answer,) = cursor.fetchone()
    except OperationalError:
        raise  # the database is away, or chose this one to end a deadlock: another time
    except DatabaseError:
        # One job that cannot be done does not keep the others from being done.
        log.exception("job failed", job=str(job))
        return None
    told: dict[str, Any] | None = None if answer is None else orjson.loads(answer)
    return told
