"""Retention: purges jobs of organizations that ended long ago. What they changed stays."""

from fusion.kernel.retention import purge

BATCH = 20
"""Jobs deleted at a time, each with the outcomes of thousands of subscriptions."""

KEPT_DAYS = 30

OLD = """
WITH old AS (
    SELECT group_id, id FROM lifecycle_job
    WHERE finished_at < (SELECT kernel_now()) - make_interval(days => %s)
    ORDER BY finished_at LIMIT %s FOR UPDATE SKIP LOCKED)
DELETE FROM lifecycle_job j USING old o WHERE j.group_id = o.group_id AND j.id = o.id
"""


def purge_organization_jobs(*, days: int = KEPT_DAYS) -> int:
    """Delete the jobs that ended more than `days` ago, with their rows; returns how many."""
    return purge(OLD, days, batch=BATCH)
