"""The queues of the previous release, whose servers write to them until the upgrade is finished.

A workaround for one release: the next one removes this file and the table `portal_mail`.
"""

from uuid import UUID

import orjson
import structlog
from django.db import transaction

from fusion.kernel.database import execute, fetch_dicts, fetch_row, fetch_value
from fusion.kernel.job_queue import defer
from fusion.lifecycle.carry_out_job import RETRIES as JOB_RETRIES
from fusion.lifecycle.carry_out_job import carry_out_job, carry_out_next, unfinished
from fusion.portal.mails.outbox import RETRIES as MAIL_RETRIES
from fusion.portal.mails.outbox import defer_mails, deliver_mail
from fusion.users.provision import RETRIES as BATCH_RETRIES
from fusion.users.provision import provision_batch, provision_next

log = structlog.get_logger(__name__)

# A worker of the previous release moves `due_at` five minutes ahead while it delivers.
MAILS = """
DELETE FROM portal_mail WHERE id IN (
    SELECT id FROM portal_mail WHERE due_at <= (SELECT kernel_now()) ORDER BY due_at LIMIT 100
    FOR UPDATE SKIP LOCKED)
RETURNING sender, recipient, subject, text
"""

BATCHES = """
SELECT j.id::text AS batch FROM users_job j
WHERE j.state <> 'finished' AND j.finished_at IS NULL
  AND NOT EXISTS (SELECT FROM procrastinate_jobs p
                  WHERE p.task_name = %s AND p.args ->> 'batch' = j.id::text)
ORDER BY j.created_at LIMIT 100 FOR NO KEY UPDATE OF j SKIP LOCKED
"""

# Workers of the previous release take every job, and fail those that they do not know. Such a job
# has fewer attempts than one that this release gave up.
REFUSED = """
SELECT id FROM procrastinate_jobs
WHERE status = 'failed' AND task_name = %s AND attempts < %s
ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
"""

REFUSED_JOB = """
SELECT id, args ->> 'group', args ->> 'job' FROM procrastinate_jobs
WHERE status = 'failed' AND task_name = %s AND attempts < %s ORDER BY id LIMIT 1
"""

TAKE = f"DELETE FROM procrastinate_jobs WHERE id IN ({REFUSED}) RETURNING args::text"


def drain_former_queues() -> bool:
    """Defer jobs for what servers of the previous release wrote, and do what their workers refused.

    Returns whether more refused jobs may be left. They are done here: queued again, they could be
    refused again and again.
    """
    with transaction.atomic():
        if mails := fetch_dicts(MAILS):
            defer_mails(*mails)
        if batches := fetch_dicts(BATCHES, [provision_next.name]):
            defer(provision_next, *batches)
    return _deliver_refused() | _provision_refused() | _carry_out_refused()


def _deliver_refused() -> bool:
    """Deliver a refused mail; one that cannot be delivered now returns to the queue."""
    with transaction.atomic():
        text = fetch_value(TAKE, [deliver_mail.name, MAIL_RETRIES.attempts])
        if text is None:
            return False
        arguments = orjson.loads(text)
        try:
            deliver_mail(**arguments)
        except Exception as error:
            log.warning("mail will be retried", error=repr(error))
            defer(deliver_mail, arguments, seconds=MAIL_RETRIES.wait)
    return True


def _provision_refused() -> bool:
    """Process a refused batch to its end; after a crash, a new job is deferred for it."""
    text = fetch_value(TAKE, [provision_next.name, BATCH_RETRIES.attempts])
    if text is None:
        return False
    batch = UUID(orjson.loads(text)["batch"])
    while (progress := provision_batch(batch)) is not None and not progress["finished"]:
        pass
    return True


def _carry_out_refused() -> bool:
    """Carry out a part of a refused job of an organization; the refusal stays until all is done."""
    found = fetch_row(REFUSED_JOB, [carry_out_next.name, JOB_RETRIES.attempts])
    if found is None:
        return False
    refused, group, job = found
    ids = UUID(group), UUID(job)
    progress = carry_out_job(*ids)
    if not unfinished(*ids).exists():
        execute("DELETE FROM procrastinate_jobs WHERE id = %s", [refused])
        return True
    return progress is not None and not progress.waits
