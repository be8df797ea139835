"""Retention: purges jobs that ended long ago, with their results. The users stay."""

from fusion.kernel.retention import purge

BATCH = 20
"""Jobs deleted at a time, each with up to 10,000 results."""

KEPT_DAYS = 30

OLD = """
WITH old AS (
    SELECT group_id, id FROM users_job
    WHERE state IN ('finished', 'failed', 'cancelled')
      AND finished_at < (SELECT kernel_now()) - make_interval(days => %s)
    ORDER BY finished_at LIMIT %s FOR UPDATE SKIP LOCKED),
results AS (
    DELETE FROM users_jobresult r USING old o WHERE r.group_id = o.group_id AND r.job_id = o.id)
DELETE FROM users_job j USING old o WHERE j.id = o.id
"""


def purge_batches(*, days: int = KEPT_DAYS) -> int:
    """Delete the jobs that finished more than `days` ago; returns how many."""
    return purge(OLD, days, batch=BATCH)
