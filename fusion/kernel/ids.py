"""Identifiers: UUID version 7 (RFC 9562), so that new rows land at the end of their index."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A new identifier; those made by one process in succession sort in that order."""
    return uuid7()


def parse_id(text: object) -> UUID | None:
    """The UUID that `text` spells in its canonical 36-character form, else None."""
    if not isinstance(text, str) or len(text) != 36:
        return None
    try:
        found = UUID(text)
    except ValueError:
        return None
    # UUID() also takes braces, prefixes and hyphens anywhere, which PostgreSQL does not.
    return found if str(found) == text.lower() else None
