"""Reading text files with separators: CSV of any locale, tab-separated "Unicode text", a pipe."""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO, StringIO, TextIOWrapper

from fusion.kernel.errors import InvalidFields
from fusion.kernel.sheets.cells import read_cell
from fusion.kernel.sheets.charsets import (
    LABELS,
    Charset,
    charsets_of,
    is_utf_8,
    lines_of_utf_8,
    marked_charset,
)
from fusion.kernel.sheets.columns import names_in
from fusion.kernel.sheets.sheet import MAX_COLUMNS, MAX_ROW, MOST_ABOVE, Sheet, SheetRow

SEPARATORS = (",", ";", "\t", "|")

NAMED = re.compile(r'\ufeff?"?sep=(.)\1*"?[\s;,|]*', re.IGNORECASE)
"""A first line that names the separator, as Excel writes and reads it."""

BEGINNING = 16_384
"""Characters in which the header is searched."""

Likeness = Callable[[Sequence[str]], int]
"""The cells of a row → how many of them are names of known columns."""


def read_separated(content: bytes, likeness: Likeness, declared: str | None = None) -> Sheet:
    """The rows of a text file. The separator is the one that gives most known columns.

    `declared` is the character set named by the sender, if any. InvalidFields for a character set
    that cannot be recognised, for a row beyond all use, and for a quotation mark that is not
    closed; the rows raise it where they are read.
    """
    charset = _charset(content, declared)
    file = TextIOWrapper(BytesIO(content[charset.mark :]), charset.encoding, newline="")
    try:
        beginning = file.read(BEGINNING)
    except UnicodeDecodeError as error:
        raise _undecodable(charset, 1, error) from None
    separator, skipped = _separator(beginning, likeness)
    file.seek(0)
    source = {
        "format": "csv",
        "charset": charset.name,
        "assumed": charset.assumed,
        "separator": separator,
    }
    return Sheet(source, _rows(file, charset, separator, skipped))


def _charset(content: bytes, declared: str | None) -> Charset:
    found = marked_charset(content)
    if found is not None:
        return found
    if declared is None:
        possible = charsets_of(content)
    else:
        possible = [Charset(LABELS[declared])]
        if possible[0].encoding == "utf-8" and not is_utf_8(content):
            possible = []
    if not possible:
        raise InvalidFields(
            body=f"is not valid UTF-8 in line {lines_of_utf_8(content) + 1}; save the file as UTF-8"
        )
    if len(possible) > 1:
        names = " or ".join(charset.name for charset in possible)
        raise InvalidFields(
            body=f"may have the character set {names}, which have other letters; save the file as "
            "UTF-8 or XLSX"
        )
    return possible[0]


def _undecodable(charset: Charset, line: int, error: UnicodeDecodeError) -> InvalidFields:
    return InvalidFields(
        body=f"is not valid {charset.name} in line {line}: {error.reason}; save the file as UTF-8"
    )


def _separator(beginning: str, likeness: Likeness) -> tuple[str, int]:
    """The separator, and the number of lines before the table: a line `sep=;` is none of it."""
    first = beginning.partition("\n")[0].partition("\r")[0]
    named = NAMED.fullmatch(first)
    if named:
        rest = beginning[len(first) :].lstrip("\r\n")
        if _count(rest, named[1], likeness)[0] or first == beginning:
            return named[1], 1
        return _separator(rest, likeness)[0], 1
    counts = {separator: _count(beginning, separator, likeness) for separator in SEPARATORS}
    return max(SEPARATORS, key=lambda separator: counts[separator]), 0


def _count(beginning: str, separator: str, likeness: Likeness) -> tuple[int, int]:
    """How many known columns the header has, and how many cells the first row has."""
    rows: list[list[str]] = []
    try:
        for cells in csv.reader(StringIO(beginning, newline=""), delimiter=separator):
            if any(cell.strip(" \t,;|") for cell in cells):
                rows.append(cells[:MAX_COLUMNS])
            if len(rows) > MOST_ABOVE:
                break
    except csv.Error:
        pass
    return names_in(map(likeness, rows)), len(rows[0]) if rows else 0


class _Lines(Iterator[str]):
    """The lines of a file, at most `MAX_ROW` characters of them for one row."""

    def __init__(self, file: TextIOWrapper) -> None:
        self._file = file
        self.number = 0
        self.of_row = 0
        """Characters since the last row; the reader of rows sets it back."""

    def __next__(self) -> str:
        line = self._file.readline(MAX_ROW + 1)
        if not line:
            raise StopIteration
        self.number += 1
        self.of_row += len(line)
        if self.of_row > MAX_ROW:
            raise InvalidFields(
                body=f"has a row of more than {MAX_ROW} characters near line {self.number}; "
                "check for an unclosed quotation mark"
            )
        return line


def _rows(
    file: TextIOWrapper, charset: Charset, separator: str, skipped: int
) -> Iterator[SheetRow]:
    """Rows are numbered as a spreadsheet does: one with line breaks in a cell counts once."""
    source = _Lines(file)
    reader = csv.reader(source, delimiter=separator, strict=True)
    first = 1
    try:
        for number, cells in enumerate(reader, start=1):
            first = reader.line_num + 1
            source.of_row = 0
            if number <= skipped:
                continue
            rest = "".join(cells[MAX_COLUMNS:]).strip()
            known = [*cells[:MAX_COLUMNS], *([rest] if rest else [])]
            yield SheetRow(number, [read_cell(cell) for cell in known])
    except UnicodeDecodeError as error:
        raise _undecodable(charset, source.number + 1, error) from None
    except csv.Error as error:
        raise InvalidFields(body=_misplaced_quote(error, first, reader.line_num)) from None


def _misplaced_quote(error: csv.Error, first: int, last: int) -> str:
    """What is wrong with the row from line `first` on, where reading stopped in line `last`."""
    if "end of data" in str(error):
        return f"has a quotation mark in the row of line {first} that is not closed"
    if "expected after" in str(error):
        return f"has text after a closing quotation mark in line {last}; double marks in a cell"
    return f"is not valid CSV in line {last}: {error}"
