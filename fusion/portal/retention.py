"""Purging expired sessions: an operation of the worker."""

from fusion.kernel.database import execute
from fusion.kernel.retention import purge

SESSIONS = """
DELETE FROM django_session WHERE session_key IN (
    SELECT session_key FROM django_session
    WHERE expire_date < now() - make_interval(days => %s) LIMIT %s FOR UPDATE SKIP LOCKED)
"""

LISTED = """
DELETE FROM usersessions_usersession u
WHERE NOT EXISTS (SELECT 1 FROM django_session s WHERE s.session_key = u.session_key)
  AND u.created_at < now() - interval '1 minute'
"""

ATTEMPTS = "DELETE FROM portal_cache WHERE expires < now()"


def purge_sessions() -> int:
    """Delete expired sessions and obsolete counts of attempts; returns how many sessions."""
    deleted = purge(SESSIONS, days=0)
    execute(LISTED)
    execute(ATTEMPTS)
    return deleted
