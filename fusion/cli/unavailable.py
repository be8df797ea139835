"""Which errors say that the database or a setting is unusable, so that exit code 3 reports it."""

from django.core.exceptions import ImproperlyConfigured
from django.db.utils import DatabaseError, InterfaceError
from psycopg import Error as PsycopgError
from psycopg_pool import PoolTimeout

from fusion.embedded import EmbeddedPostgresError
from fusion.kernel.environment import SettingError

_ERRORS = (
    SettingError,
    ImproperlyConfigured,
    EmbeddedPostgresError,
    DatabaseError,
    InterfaceError,
    PsycopgError,
    PoolTimeout,
)


def is_unavailable(error: Exception) -> bool:
    """Whether an operator must mend the database or a setting before the command can run."""
    return isinstance(error, _ERRORS)
