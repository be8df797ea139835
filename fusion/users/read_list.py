"""Reading a list of users that somebody keeps in a spreadsheet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from fusion.kernel.errors import InvalidFields
from fusion.kernel.sheets.columns import cells_by_column, from_header, read_header, spelling
from fusion.kernel.sheets.read import read_sheet
from fusion.kernel.sheets.sheet import MAX_COLUMNS
from fusion.users.batch_row import CELLS, SubmittedRow
from fusion.users.list_words import ACTIONS, HEADERS, KINDS
from fusion.users.rules import MAX_ROWS

_COLUMN = "(" + "|".join(f'{name}|"{name}"' for name in CELLS[:4]) + ")"
_HEADER = f"({_COLUMN}(,{_COLUMN}){{3}}|{_COLUMN}(;{_COLUMN}){{3}})"
CSV_PATTERN = rf"^\ufeff?{_HEADER}\r?\n[\s\S]*[^\s,;\"]"
"""The simplest of the accepted files, for the OpenAPI document: a header, and a row."""


@dataclass(frozen=True, slots=True)
class UserList:
    """The `rows` of a file, and how it was read (see `Sheet.source`)."""

    rows: Sequence[SubmittedRow]
    source: Mapping[str, Any]


def read_list(content: bytes, declared: str | None = None) -> UserList:
    """The users under the header line; a row with a fault is its refusal. Titles above the header
    are left out, and `source` has the header's row.

    `declared` is the character set that the sender named, if any. InvalidFields for what concerns
    the file as a whole: an unknown format or character set, a column that is unknown, doubled or
    missing, no row, more than `MAX_ROWS`. Reading stops where the file is refused.
    """
    sheet = read_sheet(content, _likeness, declared)
    filled = iter(sheet.rows)
    first = next(filled, None)
    source = dict(sheet.source)
    header: list[str] | None = None
    rows: list[SubmittedRow] = []
    for row in from_header(chain([first] if first else [], filled), HEADERS):
        if header is None:
            header = read_header(row, HEADERS, CELLS[:1])
            if first and row.number != first.number:
                source["header_row"] = row.number
            continue
        if len(rows) == MAX_ROWS:
            raise InvalidFields(users=f"has more than {MAX_ROWS} rows; split the file")
        if len(row.cells) > MAX_COLUMNS:
            raise InvalidFields(
                body=f"has more than {MAX_COLUMNS} cells in row {row.number}; the header has "
                f"{len(header)}"
            )
        values, faults = cells_by_column(header, row)
        if all(HEADERS.get(spelling(cell)) == name for name, cell in values.items()):
            faults["row"] = "repeats the header; remove this row"
        rows.append(SubmittedRow(row.number, _content(values, faults), values))
    if not rows:
        raise InvalidFields(
            users="has no users; the first line is the header, and the users follow it"
        )
    return UserList(rows, source)


def _likeness(cells: Sequence[str]) -> int:
    return sum(spelling(cell) in HEADERS for cell in cells)


def _content(
    values: Mapping[str, str], faults: Mapping[str, str]
) -> Mapping[str, Any] | InvalidFields:
    row: dict[str, Any] = {name: values[name] for name in CELLS if name in values}
    wrong = dict(faults)
    for name, words in (("kind", KINDS), ("action", ACTIONS)):
        if name in row:
            word = words.get(spelling(row[name]))
            if word is None:
                wrong[name] = (
                    f"“{row[name][:50]}” is unknown; leave the cell empty, or write one of these: "
                    f"{_listed(words)}"
                )
            row[name] = word
    return InvalidFields(**wrong) if wrong else row


def _listed(words: Mapping[str, str]) -> str:
    return ", ".join(dict.fromkeys(words.values()))
