"""The queues of the previous release, whose servers write to them until the upgrade is finished.

A workaround for one release: the next one removes this file and the table `portal_mail`.
"""

from django.db import connection, transaction

from fusion.kernel.job_queue import defer
from fusion.portal.mails.outbox import RETRIES as MAIL_RETRIES
from fusion.portal.mails.outbox import deliver_mail
from fusion.users.provision import RETRIES as BATCH_RETRIES
from fusion.users.provision import provision_next

# A worker of the previous release moves `due_at` five minutes ahead while it delivers.
MAILS = """
DELETE FROM portal_mail WHERE id IN (
    SELECT id FROM portal_mail WHERE due_at <= (SELECT kernel_now()) ORDER BY due_at LIMIT 100
    FOR UPDATE SKIP LOCKED)
RETURNING sender, recipient, subject, text
"""

BATCHES = """
SELECT j.id::text FROM users_job j
WHERE j.state <> 'finished' AND j.finished_at IS NULL
  AND NOT EXISTS (SELECT FROM procrastinate_jobs p
                  WHERE p.task_name = %s AND p.args ->> 'batch' = j.id::text)
ORDER BY j.created_at LIMIT 100 FOR NO KEY UPDATE OF j SKIP LOCKED
"""

# Workers of the previous release take every job, and fail those that they do not know. Such a job
# has fewer attempts than one that this release gave up.
REFUSED = """
UPDATE procrastinate_jobs SET status = 'todo', attempts = 0
WHERE status = 'failed' AND task_name = %s AND attempts < %s
"""


def drain_former_queues() -> None:
    """Defer jobs for what servers of the previous release wrote, and what their workers refused."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(MAILS)
        names = [column.name for column in cursor.description]
        if mails := [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]:
            defer(deliver_mail, *mails)
        cursor.execute(BATCHES, [provision_next.name])
        if batches := [{"batch": id} for (id,) in cursor.fetchall()]:
            defer(provision_next, *batches)
        cursor.execute(REFUSED, [deliver_mail.name, MAIL_RETRIES.attempts])
        cursor.execute(REFUSED, [provision_next.name, BATCH_RETRIES.attempts])
