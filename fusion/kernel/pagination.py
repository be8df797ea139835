"""Keyset pagination: a cursor is the sort key of the last row returned, opaque to the caller.

A page costs the same at any depth, because the next one starts at an index position instead of
counting an offset.
"""

import base64
from collections.abc import Callable, Sequence
from typing import Any

import orjson
from django.db import models

from fusion.kernel.errors import InvalidFields
from fusion.kernel.ids import read_id

DEFAULT_LIMIT = 50
MAX_LIMIT = 500

MAX_INT, MAX_BIGINT, MAX_XID = 2**31 - 1, 2**63 - 1, 2**64 - 1
"""The largest values of PostgreSQL's types."""

INVALID = "Invalid cursor: pass the `next` value of a previous page of this list."


def encode_cursor(*key: Any) -> str:
    """The opaque cursor for the row whose sort key is `key`."""
    return base64.urlsafe_b64encode(orjson.dumps([str(part) for part in key])).decode().rstrip("=")


def decode_cursor(
    cursor: str, *parts: Callable[[str], Any], field: str = "cursor"
) -> tuple[Any, ...]:
    """The sort key in `cursor`, each part read by its function, which raises ValueError.

    InvalidFields for `field` if it is not a cursor of this list.
    """
    try:
        texts = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(texts, list):
            raise ValueError
        return tuple(read(_clean(text)) for read, text in zip(parts, texts, strict=True))
    except ValueError:
        raise InvalidFields(**{field: INVALID}) from None


def _clean(text: object) -> str:
    if not isinstance(text, str) or "\0" in text:
        raise ValueError
    return text


def position(most: int) -> Callable[[str], int]:
    """Reads a whole number from 0 to `most`."""

    def read(text: str) -> int:
        number = int(text)
        if not text.isascii() or not text.isdigit() or number > most:
            raise ValueError
        return number

    return read


def page(rows: Sequence[Any], limit: int) -> tuple[Sequence[Any], bool]:
    """Split rows fetched with `limit + 1` into the page and whether more follow."""
    return rows[:limit], len(rows) > limit


def json_page(rows: Sequence[tuple[Any, str]], limit: int) -> str:
    """A page as JSON text of rows (sort key, JSON text of the item) fetched with `limit + 1`."""
    shown, more = page(rows, limit)
    items = ",".join(text for _, text in shown)
    following = f'"{encode_cursor(shown[-1][0])}"' if more else "null"
    return f'{{"items":[{items}],"next":{following}}}'


def newest[Row: models.Model](
    rows: models.QuerySet[Row], *, limit: int, cursor: str | None
) -> tuple[list[Row], str | None]:
    """One page of `rows`, newest first by id, and the cursor of the next."""
    if cursor is not None:
        rows = rows.filter(id__lt=decode_cursor(cursor, read_id)[0])
    shown, more = page(list(rows.order_by("-id")[: limit + 1]), limit)
    return list(shown), (encode_cursor(shown[-1].pk) if more else None)
