"""The header of a table: known columns under the names and spellings that people give them."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice

from fusion.kernel.errors import InvalidFields
from fusion.kernel.sheets.sheet import MAX_COLUMNS, MOST_ABOVE, SheetRow

NEITHER = re.compile(r"[\W_]+")


def spelling(text: str) -> str:
    """What is compared of a name: its letters and digits without case and accents.

    `Display name`, `display_name` and `DISPLAY-NAME` are one, `Numéro` is `numero`.
    """
    letters = unicodedata.normalize("NFKD", text).casefold()
    return NEITHER.sub("", "".join(each for each in letters if not unicodedata.combining(each)))


def known(names: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Spelling → meaning, from meaning → the names people use for it."""
    return {spelling(name): meaning for meaning, all in names.items() for name in (meaning, *all)}


def read_header(row: SheetRow, columns: Mapping[str, str], required: Sequence[str]) -> list[str]:
    """The meaning of each column; empty for one without a name.

    `columns`: spelling → meaning. InvalidFields for missing, doubled, unknown and too many columns.
    """
    if len(row.cells) > MAX_COLUMNS:
        raise InvalidFields(
            header=f"has more than {MAX_COLUMNS} columns; the known ones are "
            f"{', '.join(dict.fromkeys(columns.values()))}"
        )
    names = [columns.get(spelling(cell), "") for cell in row.cells]
    unknown = [cell[:50] for cell, name in zip(row.cells, names, strict=True) if cell and not name]
    wrong = {
        **{name: "is missing from the header" for name in required if name not in names},
        **{name: "appears twice in the header" for name in names if name and names.count(name) > 1},
    }
    if unknown:
        wrong["header"] = f"has unknown columns: {', '.join(unknown[:10])}"
    if wrong:
        raise InvalidFields(**wrong)
    return names


FEWEST_NAMES = 2
"""Names of columns by which a row below others is known to be the header."""


def from_header(rows: Iterator[SheetRow], columns: Mapping[str, str]) -> Iterator[SheetRow]:
    """The rows from the header on: of the first rows the one with at least two names of columns.
    Without such a row, all rows.
    """
    above: list[SheetRow] = []
    for row in islice(rows, MOST_ABOVE + 1):
        if sum(spelling(cell) in columns for cell in row.cells) >= FEWEST_NAMES:
            return chain([row], rows)
        above.append(row)
    return chain(above, rows)


def names_in(likenesses: Iterable[int]) -> int:
    """How many names of columns the header has, from how many the first rows have each."""
    counts = list(islice(likenesses, MOST_ABOVE + 1))
    return next((names for names in counts if names >= FEWEST_NAMES), counts[0] if counts else 0)


def cells_by_column(header: Sequence[str], row: SheetRow) -> tuple[dict[str, str], dict[str, str]]:
    """Meaning → filled cell of a row, and meaning → what is wrong with the cell.

    Missing cells are empty. A cell under no name is a fault of the row, never ignored.
    """
    values: dict[str, str] = {}
    faults: dict[str, str] = {}
    for i, cell in enumerate(row.cells):
        name = header[i] if i < len(header) else ""
        if not cell and i not in row.faults:
            continue
        if not name:
            faults["row"] = f"has a cell in column {letters(i)}, which has no name in the header"
        elif i in row.faults:
            faults[name] = row.faults[i]
        else:
            values[name] = cell
    return values, faults


def letters(position: int) -> str:
    """The name of a column in a spreadsheet: A, B, …, Z, AA."""
    name = ""
    while position >= 0:
        position, letter = divmod(position, 26)
        name = chr(ord("A") + letter) + name
        position -= 1
    return name
