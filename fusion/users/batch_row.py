"""The rows of a batch: checked one by one, and against each other."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from fusion.kernel.errors import InvalidFields, Problem, fields_problem
from fusion.kernel.ids import new_id
from fusion.kernel.text import text_key
from fusion.users.schemas import RowBody

Country = Callable[[], str | None]

CELLS = ("login", "display_name", "kind", "number", "sku", "action")
"""The members of a row that come from its sender."""

MAX_CELL = 500
"""Characters of a faulty cell that are kept, so that it can be corrected."""


@dataclass(frozen=True, slots=True)
class SubmittedRow:
    """A row as it came: its `number` in the file or list, and the mapping of `RowBody`'s fields or
    the Problem found in it. `cells` are its texts, for those who correct it."""

    number: int
    content: Any
    cells: Mapping[str, str]


def rows_of_list(items: Sequence[Any]) -> list[SubmittedRow]:
    """The rows of a JSON list, numbered from 1."""
    return [
        SubmittedRow(number, item, _texts(item) if isinstance(item, Mapping) else {})
        for number, item in enumerate(items, start=1)
    ]


def _texts(item: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(item[name]) for name in CELLS if item.get(name) is not None}


def prepared(rows: Sequence[SubmittedRow], country: Country) -> list[dict[str, Any]]:
    """The rows as `batch.sql` takes them; `country` is that of numbers without a country code.

    Invariant: a login is in one row only; each of several rows for it is refused and names all.
    """
    checked = [_checked(row, country) for row in rows]
    rows_of_login = defaultdict(list)
    for number, body in checked:
        if isinstance(body, RowBody):
            rows_of_login[text_key(body.login)].append(number)
    return [
        _prepared(row, _unless_doubled(body, rows_of_login))
        for row, (_, body) in zip(rows, checked, strict=True)
    ]


def _checked(row: SubmittedRow, country: Country) -> tuple[int, RowBody | Problem]:
    if isinstance(row.content, Problem):
        return row.number, row.content
    try:
        return row.number, RowBody.model_validate(row.content, context={"country": country})
    except ValidationError as error:
        return row.number, fields_problem(error.errors(include_url=False), 0)


def _unless_doubled(
    body: RowBody | Problem, rows_of_login: Mapping[str, Sequence[int]]
) -> RowBody | Problem:
    if isinstance(body, Problem):
        return body
    numbers = rows_of_login[text_key(body.login)]
    if len(numbers) == 1:
        return body
    named = ", ".join(str(number) for number in numbers[:10])
    return InvalidFields(login=f"is in several rows of the list: {named}; keep one of them")


def storable(value: Any) -> Any:
    """The value without NUL characters, wherever they stand: PostgreSQL's texts cannot hold them.

    A sender may write them in a cell or in a member's name, which refusals quote.
    """
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, Mapping):
        return {storable(name): storable(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [storable(member) for member in value]
    return value


def _prepared(row: SubmittedRow, body: RowBody | Problem) -> dict[str, Any]:
    if isinstance(body, Problem):
        problem = {"code": body.code, "detail": body.detail, "errors": body.errors}
        cells = {name: text[:MAX_CELL] for name, text in row.cells.items()}
        refused: dict[str, Any] = storable({"problem": problem, "cells": cells})
        return {"row": row.number, **refused}
    return {"row": row.number, "id": str(new_id()), **body.model_dump()}
