"""Identifiers: UUID version 7 (RFC 9562), so that new rows land at the end of their index."""

import re
from uuid import UUID

from uuid_utils.compat import uuid7

_CANONICAL = re.compile(
    "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE
)


def new_id() -> UUID:
    """A new identifier; those made by one process in succession sort in that order."""
    return uuid7()


def parse_id(text: object) -> UUID | None:
    """The UUID that `text` spells in its canonical 36-character form, else None."""
    # UUID() also accepts braces, prefixes and hyphens anywhere; PostgreSQL does not.
    return UUID(text) if isinstance(text, str) and _CANONICAL.fullmatch(text) else None


def read_id(text: object) -> UUID:
    """The same; ValueError if it is not one."""
    found = text if isinstance(text, UUID) else parse_id(text)
    if found is None:
        raise ValueError("must be an id: a UUID of 36 characters")
    return found
