"""Retention: what is purged, how long it is kept, in each room."""

import structlog
from asgiref.sync import async_to_sync
from procrastinate.contrib.django import app

from fusion.access.retention import purge_idempotency_keys
from fusion.clients.retention import purge_attempts, purge_tokens
from fusion.events.retention import purge_marks
from fusion.kernel.database import execute
from fusion.kernel.environment import setting
from fusion.lifecycle.retention import purge_organization_jobs
from fusion.portal.retention import purge_sessions
from fusion.trunks.retention import keep_records
from fusion.users.retention import purge_batches

log = structlog.get_logger(__name__)

FAILED_HOURS = 7 * 24
"""How long the queue keeps failed jobs; it keeps no others."""

# Of workers of the previous release: nobody runs these jobs any more.
FORMER = "DELETE FROM procrastinate_jobs WHERE queue_name = 'sweep' AND status = 'todo'"


def purge() -> None:
    """Purge stored answers, jobs and notes of the feed past retention, expired tokens and
    sessions.
    """
    log.info(
        "purged",
        answers=purge_idempotency_keys(days=setting("FUSION_IDEMPOTENCY_DAYS")),
        tokens=purge_tokens(),
        attempts=purge_attempts(),
        batches=purge_batches(),
        organization_jobs=purge_organization_jobs(),
        sessions=purge_sessions(),
        marks=purge_marks(),
    )


def purge_records() -> None:
    """Create partitions for the call records of coming months, and drop those past retention."""
    keep_records(months=setting("FUSION_CALL_RECORD_MONTHS"))


def purge_jobs() -> None:
    """Delete the records of jobs that failed long ago."""
    async_to_sync(app.job_manager.delete_old_jobs)(
        nb_hours=FAILED_HOURS, include_failed=True, include_cancelled=True, include_aborted=True
    )
    execute(FORMER)
