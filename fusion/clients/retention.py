"""Retention: purges expired tokens, and counts of wrong secrets."""

from fusion.clients.attempts import KNOWN_DAYS
from fusion.kernel.retention import purge

TOKEN_DAYS = 1
"""How long an expired token stays in its table."""


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


def purge_tokens() -> int:
    """Delete expired access tokens; returns how many."""
    return purge(TOKENS, TOKEN_DAYS)


def purge_attempts() -> int:
    """Delete obsolete counts of wrong secrets; returns how many."""
    return purge(ATTEMPTS, KNOWN_DAYS)
