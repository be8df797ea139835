"""A table as a spreadsheet saved it, whichever format the file has."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fusion.kernel.errors import InvalidFields

MAX_COLUMNS = 100
"""More than that in the header is no table for Fusion, and its columns are not named one by one."""

MOST_ABOVE = 20
"""Most filled rows above the header: titles, the date, and so on."""

MAX_BLANK = 1_000
"""Blank rows, wherever they are. Spreadsheets leave some; a file of nothing else is refused long
before its end."""

MAX_ROW = 64 * 1024
"""Characters of one row, line breaks in quotation marks included; a user takes a few hundred."""


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row: its `number` as the spreadsheet shows it, its cells, and what is wrong with a cell.

    `cells` are without marks and surrounding spaces. `faults`: position → message of a cell that
    has no text, such as a date or an error of a formula.
    """

    number: int
    cells: list[str]
    faults: Mapping[int, str] = field(default_factory=dict)

    def is_blank(self) -> bool:
        """Whether no cell has anything."""
        return not any(self.cells) and not self.faults


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of a file that have something in them, in their order, and how it was read.

    `source` says what a reader of the result may want to know: {format, charset?, assumed?,
    separator?, sheet?, other_sheets?, hidden_rows?}.
    """

    source: Mapping[str, Any]
    rows: Iterator[SheetRow]


def without_blank(rows: Iterable[SheetRow]) -> Iterator[SheetRow]:
    """The rows that have something; InvalidFields after `MAX_BLANK` others."""
    blank = 0
    for row in rows:
        if not row.is_blank():
            yield row
            continue
        blank += 1
        if blank > MAX_BLANK:
            raise InvalidFields(
                body=f"has more than {MAX_BLANK} blank rows; remove the blank rows after the last "
                "filled one"
            )
