"""The settings of the server: for a machine with two cores and little memory."""

import re
from collections.abc import Mapping

from fusion.embedded.cluster import PORT
from fusion.embedded.errors import EmbeddedPostgresError

FILE = "fusion.conf"

# Durability is PostgreSQL's default: nothing here changes fsync or synchronous_commit.
DEFAULTS = {
    "checkpoint_completion_target": "0.9",
    "checkpoint_timeout": "15min",
    "cluster_name": "fusion",
    "idle_in_transaction_session_timeout": "60s",  # an open transaction holds up the event feed
    "jit": "off",  # costs more than it saves on short statements
    "lc_messages": "C",  # the keeper shows lines of the log
    "listen_addresses": "",  # the unix socket only
    "log_line_prefix": "%m [%p] ",
    "log_lock_waits": "on",
    "log_timezone": "UTC",
    "max_connections": "100",
    "max_locks_per_transaction": "128",
    "max_wal_size": "2GB",
    "password_encryption": "scram-sha-256",
    "random_page_cost": "1.1",
    "shared_buffers": "256MB",
    "timezone": "UTC",
    "wal_compression": "on",
}

# Written last, so that nothing overrides them: clients need them to find the server, the keeper to
# find its log.
FIXED = {
    "log_destination": "stderr",
    "logging_collector": "off",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
}

_NAME = re.compile(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?", re.IGNORECASE)


def render(socket_dir: str, settings: Mapping[str, str]) -> str:
    """The text of the file that the cluster's postgresql.conf includes."""
    chosen = {**DEFAULTS, **settings, **FIXED, "unix_socket_directories": socket_dir}
    lines = ["# Written at every start from the settings in fusion/embedded: edits are lost."]
    return "\n".join(lines + [_line(name, value) for name, value in chosen.items()]) + "\n"


def _line(name: str, value: str) -> str:
    if not _NAME.fullmatch(name) or "\n" in value:
        raise EmbeddedPostgresError(f"{name!r} is not a PostgreSQL setting with a one-line value.")
    quoted = value.replace("\\", "\\\\").replace("'", "''")
    return f"{name} = '{quoted}'"
