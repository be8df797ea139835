"""Retention: purges jobs that ended long ago, with their results. The users stay."""

from django.db import transaction

from fusion.kernel.database import execute, fetch_rows

BATCH = 20
"""Jobs deleted at a time, each with up to 10,000 results."""

KEPT_DAYS = 30

OLD = """
SELECT id FROM users_job
WHERE state IN ('finished', 'failed', 'cancelled')
  AND finished_at < (SELECT kernel_now()) - make_interval(days => %s)
ORDER BY finished_at LIMIT %s FOR UPDATE SKIP LOCKED
"""


def purge_batches(*, days: int = KEPT_DAYS) -> int:
    """Delete the jobs that finished more than `days` ago; returns how many."""
    deleted = 0
    while True:
        with transaction.atomic():
            jobs = [job for (job,) in fetch_rows(OLD, [days, BATCH])]
            execute(
                "DELETE FROM users_jobresult r USING users_job j"
                " WHERE j.id = ANY (%s) AND r.group_id = j.group_id AND r.job_id = j.id",
                [jobs],
            )
            execute("DELETE FROM users_job WHERE id = ANY (%s)", [jobs])
        deleted += len(jobs)
        if len(jobs) < BATCH:
            return deleted
