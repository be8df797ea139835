"""The rows of a batch: checked one by one, and against each other."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from fusion.kernel.errors import InvalidFields, Problem, fields_problem
from fusion.kernel.ids import new_id
from fusion.kernel.text import text_key
from fusion.numbers.rows import in_several_rows, places_of
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

    Invariant: a login is in one row only, and a number is linked by one row only; each of several
    rows for it is refused and names all.
    """
    checked = [_checked(row, country) for row in rows]
    numbers = [row.number for row in rows]
    rows_of_login = places_of([_login(body) for body in checked], numbers)
    rows_of_number = places_of([_linked(body) for body in checked], numbers)
    return [
        _prepared(row, _unless_doubled(body, rows_of_login, rows_of_number))
        for row, body in zip(rows, checked, strict=True)
    ]


def _checked(row: SubmittedRow, country: Country) -> RowBody | Problem:
    if isinstance(row.content, Problem):
        return row.content
    try:
        return RowBody.model_validate(row.content, context={"country": country})
    except ValidationError as error:
        return fields_problem(error.errors(include_url=False), 0)


def _login(body: RowBody | Problem) -> str | None:
    return text_key(body.login) if isinstance(body, RowBody) else None


def _linked(body: RowBody | Problem) -> str | None:
    """The number that the row links; one that unlinks or deletes links none."""
    return body.number if isinstance(body, RowBody) and body.action is None else None


def _unless_doubled(
    body: RowBody | Problem,
    rows_of_login: Mapping[str, Sequence[int]],
    rows_of_number: Mapping[str, Sequence[int]],
) -> RowBody | Problem:
    if isinstance(body, Problem):
        return body
    wrong: dict[str, str] = {}
    rows = rows_of_login[text_key(body.login)]
    if len(rows) > 1:
        wrong["login"] = in_several_rows(rows)
    of_number = rows_of_number.get(_linked(body) or "", ())
    if len(of_number) > 1:
        wrong["number"] = in_several_rows(of_number, str(body.number))
    return InvalidFields(**wrong) if wrong else body


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
        cells = {name: text[:MAX_CELL] for name, text in row.cells.items()}
        refused: dict[str, Any] = storable({"problem": body.refusal(), "cells": cells})
        return {"row": row.number, **refused}
    return {"row": row.number, "id": str(new_id()), **body.model_dump()}
