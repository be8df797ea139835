"""Retention: purges old answers to idempotency keys, expired tokens, and counts of wrong secrets.

Operations of the worker, in small batches that each commit: nobody waits long for a lock.
"""

from django.db import connection

from fusion.tenancy.attempts import KNOWN_DAYS

BATCH = 1_000
"""Rows deleted at a time."""

TOKEN_DAYS = 1
"""How long an expired token stays in its table."""

ANSWERS = """
DELETE FROM tenancy_idempotency WHERE (group_id, key, organization_id) IN (
    SELECT group_id, key, organization_id FROM tenancy_idempotency
    WHERE at < (SELECT kernel_now()) - make_interval(days => %s)
    ORDER BY at LIMIT %s FOR UPDATE SKIP LOCKED)
"""

TOKENS = """
DELETE FROM oauth2_provider_accesstoken WHERE id IN (
    SELECT id FROM oauth2_provider_accesstoken WHERE expires < now() - make_interval(days => %s)
    LIMIT %s FOR UPDATE SKIP LOCKED)
"""

ATTEMPTS = """
DELETE FROM tenancy_clientattempt WHERE (client, address) IN (
    SELECT client, address FROM tenancy_clientattempt
    WHERE since < (SELECT kernel_now()) - interval '1 hour'
      AND (right_at IS NULL OR right_at < (SELECT kernel_now()) - make_interval(days => %s))
    ORDER BY since LIMIT %s FOR UPDATE SKIP LOCKED)
"""


def forget_answers(*, days: int) -> int:
    """Delete the answers that were stored more than `days` ago; returns how many."""
    return _delete(ANSWERS, days)


def forget_tokens() -> int:
    """Delete expired access tokens; returns how many."""
    return _delete(TOKENS, TOKEN_DAYS)


def forget_attempts() -> int:
    """Delete obsolete counts of wrong secrets; returns how many."""
    return _delete(ATTEMPTS, KNOWN_DAYS)


def _delete(statement: str, days: int) -> int:
    deleted = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(statement, [days, BATCH])
            count: int = cursor.rowcount
        deleted += count
        if count < BATCH:
            return deleted
