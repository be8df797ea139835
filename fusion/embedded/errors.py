"""The error of an embedded PostgreSQL that cannot start."""


class EmbeddedPostgresError(Exception):
    """One readable line: what failed, why, and what would help."""
