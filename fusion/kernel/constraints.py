"""Which constraint was violated: races reach the constraint after every check has passed."""

from django.db import DatabaseError
from psycopg import Error


def violated(error: DatabaseError) -> str | None:
    """The name of the constraint or unique index, if the database reported it."""
    cause = error.__cause__
    return cause.diag.constraint_name if isinstance(cause, Error) else None
