"""What the embedded PostgreSQL says when it cannot serve."""


class EmbeddedPostgresError(Exception):
    """One readable line: what failed, why, and what would help."""
