"""Instants: always UTC, written as RFC 3339 with microseconds and `Z`, as the database does."""

from datetime import UTC, datetime


def now() -> datetime:
    """The present instant, in UTC. Rows written by the hot path take the database's clock."""
    return datetime.now(UTC)


def instant(at: datetime | None) -> str | None:
    """`2026-03-03T10:15:00.000000Z`: the one spelling of an instant in answers and events."""
    if at is None:
        return None
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
