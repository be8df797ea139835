"""Lists of numbers whose rows are judged on their own: the number of a row, or its refusal.

Invariant: a number is in one row only; each of several rows for it is refused and names all.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from functools import cache
from typing import Any
from uuid import UUID

import orjson

from fusion.access.actor import Actor
from fusion.kernel.errors import PLAIN_WORDS, InvalidFields, Problem
from fusion.numbers.parse import depends_on_country, parse_number
from fusion.numbers.resolve import home_country
from fusion.numbers.written import NotANumber, shown

MOST_NAMED = 10
"""Most rows that a refusal names."""

Row = str | Problem
"""The number of a row in E.164, or its refusal."""


def resolve_rows(actor: Actor, items: Sequence[Any], *, subscription_id: UUID) -> list[Row]:
    """Each item in E.164, or the Problem `invalid-fields` of its row.

    A number without a country code is one of the subscription's country. Problem `not-found` unless
    the actor sees the subscription, if its country is needed.
    """
    country = cache(lambda: home_country(actor, subscription_id))
    return [_resolved(item, country) for item in items]


def _resolved(item: Any, country: Callable[[], str | None]) -> Row:
    if not isinstance(item, str):
        return InvalidFields(number=PLAIN_WORDS["string_type"])
    try:
        return parse_number(item, country=country() if depends_on_country(item) else None)
    except NotANumber as error:
        return InvalidFields(number=str(error))


def refuse_doubled(rows: Sequence[Row], numbers: Sequence[int] | None = None) -> list[Row]:
    """The rows; every row of a number that several rows have is refused. See `places_of`."""
    places = places_of([None if isinstance(row, Problem) else row for row in rows], numbers)
    return [
        InvalidFields(number=in_several_rows(places[row], row))
        if isinstance(row, str) and len(places[row]) > 1
        else row
        for row in rows
    ]


def places_of[Key: Hashable](
    keys: Sequence[Key | None], numbers: Sequence[int] | None = None
) -> dict[Key, list[int]]:
    """Key → the rows that have it: by position from 1, or by the `numbers` of the rows."""
    places: dict[Key, list[int]] = defaultdict(list)
    for position, key in enumerate(keys):
        if key is not None:
            places[key].append(numbers[position] if numbers else position + 1)
    return places


def in_several_rows(rows: Sequence[int], value: str = "") -> str:
    """The message for a value that several rows have, each of which is refused."""
    named = ", ".join(map(str, rows[:MOST_NAMED]))
    message = f"is in several rows of the list: {named}; keep one of them"
    return f"“{value}” {message}" if value else message


def shown_item(item: Any) -> str:
    """What a row has in place of a number, as a result repeats it; empty for null."""
    if item is None:
        return ""
    return shown(item if isinstance(item, str) else orjson.dumps(item).decode())
