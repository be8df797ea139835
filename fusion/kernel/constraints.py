"""Which constraint refused a write: what a race hits after every check has passed."""

from django.db import DatabaseError
from psycopg import Error


def violated(error: DatabaseError) -> str | None:
    """The name of the constraint or unique index, where the database has told it."""
    cause = error.__cause__
    return cause.diag.constraint_name if isinstance(cause, Error) else None
