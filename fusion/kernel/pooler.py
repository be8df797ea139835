"""A connection pooler between this process and PostgreSQL, such as PgBouncer in transaction mode.

Behind a pooler, a session of PostgreSQL belongs to a client for one transaction at a time. Session
state (a role, a setting, a lock, a listener, a prepared statement) would be lost, or affect another
client. So Fusion leaves none: see "Behind PgBouncer" in docs/operators-guide.md.
"""

from typing import Any

from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict

from fusion.kernel.environment import SettingError, setting

UNKNOWN = (
    "DATABASE_URL points to a connection pooler. Set FUSION_DATABASE_POOLER=transaction, "
    "which also suits a session pooler."
)
OWNER = (
    "Processes behind a connection pooler cannot switch to the role {role}. Give servers and "
    'workers their own login: see "Two database roles" in the operator\'s guide.'
)
SESSION = (
    "This command needs its own PostgreSQL session, but DATABASE_URL points to a "
    "connection pooler. Set DATABASE_URL to PostgreSQL's own address and "
    "FUSION_DATABASE_POOLER=none."
)
OPTIONS = (
    "DATABASE_URL has `options`, but a connection pooler does not forward them. Set them "
    "for the role: ALTER ROLE … SET …"
)


def is_pooled() -> bool:
    """Whether FUSION_DATABASE_POOLER says that DATABASE_URL points to a pooler."""
    return bool(setting("FUSION_DATABASE_POOLER") == "transaction")


def leads_to_pooler(direct: Connection[Any]) -> bool:
    """Whether there is a pooler in between: a pooler reports an invented process id."""
    row = direct.execute("SELECT pg_backend_pid()").fetchone()
    return row is not None and row[0] != direct.info.backend_pid


def refuse_options(url: str) -> None:
    """SettingError if `url` sets options that the pooler would drop."""
    if "options" in conninfo_to_dict(url):
        raise SettingError(OPTIONS)
