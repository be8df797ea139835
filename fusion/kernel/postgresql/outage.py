"""Which errors of the database are temporary, so that the same request may succeed later. By
SQLSTATE, because psycopg and Django classify differently: the error of a read-only server is an
"internal error" to them, a lock timeout an "operational" one.
"""

from django.db import Error as DjangoError
from psycopg import Error, InterfaceError, OperationalError
from psycopg_pool import PoolTimeout, TooManyRequests

from fusion.kernel.postgresql.connections import NoResponse

AWAY, SILENT, READ_ONLY, NO_ROOM, TOO_LONG, CONTENDED = (
    "away",
    "silent",
    "read_only",
    "no_room",
    "too_long",
    "contended",
)

REASONS = {
    AWAY: "The database is unreachable or has no free connection.",
    SILENT: "The database does not respond.",
    READ_ONLY: "The database is read-only: it is a standby, or it is set to read-only.",
    NO_ROOM: "The database has run out of memory, disk space or connections.",
    TOO_LONG: "The database was too slow: a statement reached its time limit or waited for a lock.",
    CONTENDED: "The request repeatedly conflicted with other requests.",
}
"""Reason → the text that callers get."""

_STATES = {
    "08": AWAY,  # connection exception
    "25006": READ_ONLY,
    "25P03": AWAY,  # idle in a transaction for too long: the connection was ended
    "25P04": TOO_LONG,  # transaction_timeout
    "40": CONTENDED,  # serialization, deadlock, a standby's conflict with its recovery
    "53": NO_ROOM,  # disk full, out of memory, too many connections
    "55006": CONTENDED,  # object in use
    "55P03": TOO_LONG,  # lock not available
    "57014": TOO_LONG,  # query cancelled, by statement_timeout above all
    "57P": AWAY,  # shutting down, crashed, starting up, dropped, idle for too long
    "58030": NO_ROOM,  # disk errors
}
"""SQLSTATE, or its beginning → reason. All others are permanent: faults of a request or ours."""


def outage_of(error: BaseException) -> str | None:
    """The reason why the database is temporarily unavailable; None for every other error."""
    cause = error.__cause__ if isinstance(error, DjangoError) else error
    if isinstance(cause, PoolTimeout | TooManyRequests):
        return AWAY
    if isinstance(cause, NoResponse):
        return SILENT
    if not isinstance(cause, Error):
        return None
    if cause.sqlstate is None:
        return AWAY if isinstance(cause, OperationalError | InterfaceError) else None
    state = cause.sqlstate
    return next((_STATES[state[:n]] for n in (5, 3, 2) if state[:n] in _STATES), None)
