"""Purging expired sessions: an operation of the worker."""

from django.db import connection

SESSIONS = """
DELETE FROM django_session WHERE session_key IN (
    SELECT session_key FROM django_session WHERE expire_date < now() LIMIT 1000
    FOR UPDATE SKIP LOCKED)
"""

LISTED = """
DELETE FROM usersessions_usersession u
WHERE NOT EXISTS (SELECT 1 FROM django_session s WHERE s.session_key = u.session_key)
  AND u.created_at < now() - interval '1 minute'
"""

ATTEMPTS = "DELETE FROM portal_cache WHERE expires < now()"


def purge_sessions() -> int:
    """Delete expired sessions and obsolete counts of attempts; returns how many sessions."""
    deleted = count = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(SESSIONS)
            count = int(cursor.rowcount)
            deleted += count
            if count < 1000:
                break
        cursor.execute(LISTED)
        cursor.execute(ATTEMPTS)
    return deleted
