"""Retention: purges the stored answers to old idempotency keys."""

from fusion.kernel.retention import purge

ANSWERS = """
DELETE FROM tenancy_idempotency WHERE (group_id, key, organization_id) IN (
    SELECT group_id, key, organization_id FROM tenancy_idempotency
    WHERE at < (SELECT kernel_now()) - make_interval(days => %s)
    ORDER BY at LIMIT %s FOR UPDATE SKIP LOCKED)
"""


def purge_idempotency_keys(*, days: int) -> int:
    """Delete the answers that were stored more than `days` ago; returns how many."""
    return purge(ANSWERS, days)
