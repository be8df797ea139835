"""Keyset pagination: a cursor is the sort key of the last row returned, opaque to the caller.

A page costs the same at any depth, because the next one starts at an index position instead of
counting an offset.
"""

import base64
import binascii
from collections.abc import Sequence
from typing import Any

import orjson

from fusion.kernel.errors import InvalidFields

DEFAULT_LIMIT = 50
MAX_LIMIT = 500


def encode_cursor(*key: Any) -> str:
    """The opaque cursor for the row whose sort key is `key`."""
    return base64.urlsafe_b64encode(orjson.dumps([str(part) for part in key])).decode().rstrip("=")


def decode_cursor(cursor: str, size: int, *, field: str = "cursor") -> list[str]:
    """The `size` parts of the sort key in `cursor`; InvalidFields if it is not one of ours."""
    wrong = InvalidFields(
        **{field: "Invalid cursor: pass the `next` value of a previous page of this list."}
    )
    try:
        parts = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error):
        raise wrong from None
    if not isinstance(parts, list) or len(parts) != size:
        raise wrong
    if not all(isinstance(part, str) and "\0" not in part for part in parts):
        raise wrong
    return parts


def page(rows: Sequence[Any], limit: int) -> tuple[Sequence[Any], bool]:
    """Split rows fetched with `limit + 1` into the page and whether more follow."""
    return rows[:limit], len(rows) > limit
