"""The order in which the rows of a batch take effect: what one row needs, another frees before.

A list says how its users shall be, so its order has no meaning. Workers process it in chunks; a
number moves only to a user of the same or a later chunk than the one who leaves it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fusion.kernel.text import text_key

Row = Mapping[str, Any]


def in_order(rows: Sequence[Row], holders: Mapping[str, str]) -> list[dict[str, Any]]:
    """The prepared rows, in the order in which they take effect.

    `holders`: number → key of the login of the user that has it now. Invariant: a row comes after
    the row whose user leaves the number that it names, and each user of a ring is followed by
    the next one. Rows that unlink or delete come first, because others may need their licences;
    all other rows stay in their order.

    In another order than the list's, each row has its position in the list as `place`. `together`
    marks a row whose successor must be in the same chunk.
    """
    needed = _needed(rows, holders)
    first = [i for i, row in enumerate(rows) if row.get("action")]
    rest = [i for i, row in enumerate(rows) if not row.get("action")]
    order: list[int] = []
    together: set[int] = set()
    emitted: set[int] = set()
    for start in (*first, *rest):
        for part in _parts(start, needed, emitted):
            order += part
            emitted.update(part)
            together.update(part[:-1])
    if order == list(range(len(rows))) and not together:
        return [dict(row) for row in rows]
    return [
        {**rows[i], "place": i + 1, **({"together": True} if i in together else {})} for i in order
    ]


def _needed(rows: Sequence[Row], holders: Mapping[str, str]) -> dict[int, int]:
    """Row → the row whose user has to leave the number that it names."""
    of_login = {text_key(row["login"]): i for i, row in enumerate(rows) if "problem" not in row}
    needed = {}
    for i, row in enumerate(rows):
        number = row.get("number")
        if number is None or row.get("action"):
            continue
        other = of_login.get(holders.get(number, ""), i)
        if other != i and _leaves(rows[other], number):
            needed[i] = other
    return needed


def _leaves(row: Row, number: str) -> bool:
    """Whether the user of the row, which has the number, may have another or none afterwards."""
    return bool(row.get("action") or row.get("sku")) or row.get("number") not in (None, number)


def _parts(start: int, needed: Mapping[int, int], emitted: set[int]) -> Iterator[list[int]]:
    """The rows that `start` needs, and itself: a ring as a whole, then one by one."""
    path: list[int] = []
    places: dict[int, int] = {}
    i: int | None = start
    while i is not None and i not in emitted and i not in places:
        places[i] = len(path)
        path.append(i)
        i = needed.get(i)
    chain = path
    if i in places:
        chain = path[: places[i]]
        yield path[places[i] :]
    yield from ([each] for each in reversed(chain))
