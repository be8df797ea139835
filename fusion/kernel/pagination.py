"""Keyset pagination: a cursor is the sort key of the last row returned, opaque to the caller.

A page costs the same at any depth, because the next one starts at an index position instead of
counting an offset.
"""

import base64
import binascii
from collections.abc import Sequence
from typing import Any

import orjson
from django.db import models

from fusion.kernel.errors import InvalidFields
from fusion.kernel.ids import parse_id

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


def newest[Row: models.Model](
    rows: models.QuerySet[Row], *, limit: int, cursor: str | None
) -> tuple[list[Row], str | None]:
    """One page of `rows`, newest first by id, and the cursor of the next."""
    if cursor is not None:
        last = parse_id(decode_cursor(cursor, 1)[0])
        if last is None:
            raise InvalidFields(cursor="is not a cursor of this list")
        rows = rows.filter(id__lt=last)
    shown, more = page(list(rows.order_by("-id")[: limit + 1]), limit)
    return list(shown), (encode_cursor(shown[-1].pk) if more else None)
