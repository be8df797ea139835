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
        return UUID(text)
    except ValueError:
        return None
