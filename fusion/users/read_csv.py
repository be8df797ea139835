"""Reading a CSV of users: comma or semicolon, UTF-8 with or without a byte order mark."""

import csv
from collections.abc import Iterator, Sequence
from io import BytesIO, TextIOWrapper

from fusion.kernel.errors import InvalidFields
from fusion.users.rules import MAX_ROWS

COLUMNS = ("login", "display_name", "kind", "number")

_COLUMN = "(" + "|".join(f'{name}|"{name}"' for name in COLUMNS) + ")"
_HEADER = f"({_COLUMN}(,{_COLUMN}){{3}}|{_COLUMN}(;{_COLUMN}){{3}})"
CSV_PATTERN = rf"^\ufeff?{_HEADER}\r?\n[\s\S]*[^\s,;\"]"
"""What can be said of a file in the OpenAPI document: its header, and that there is a row. Capital
letters and spaces in the header are taken as well."""

MAX_COLUMNS = 100
"""More than that in the header is no list of users, and its columns are not named one by one."""

MAX_HEADER = 4_096
"""Bytes in which the first line is looked for."""

MAX_ROW = 64 * 1024
"""Characters of one row, line breaks in quotation marks included; a user takes a few hundred."""

MAX_BLANK = 1_000
"""Blank rows, wherever they stand. Spreadsheets leave some; a file of nothing else is refused long
before its end."""

Row = dict[str, str] | InvalidFields


def read_csv(content: bytes) -> list[Row]:
    """The rows under the header line, blank lines left out; a malformed row is its refusal.

    InvalidFields for what concerns the file as a whole: not UTF-8, a quotation mark that is not
    closed, a row or number of columns beyond all use, a column that is missing, unknown or
    doubled, no row, more than `MAX_ROWS`, or more than `MAX_BLANK` blank ones. Reading stops where
    the file is refused.
    """
    source = _Lines(TextIOWrapper(BytesIO(content), encoding="utf-8-sig", newline=""))
    lines = csv.reader(source, delimiter=_delimiter(content), strict=True)
    rows: list[Row] = []
    header: list[str] | None = None
    try:
        for cells in _filled(lines, source):
            if header is None:
                header = _header(cells)
            elif len(rows) == MAX_ROWS:
                raise InvalidFields(users=f"has more than {MAX_ROWS} rows; split the file")
            elif len(cells) > MAX_COLUMNS:
                raise InvalidFields(
                    body=f"has {len(cells)} cells in line {lines.line_num}; the maximum is "
                    f"{len(COLUMNS)}"
                )
            else:
                rows.append(_row(header, cells))
    except UnicodeDecodeError:
        line = _lines_in_utf8(content) + 1
        raise InvalidFields(
            body=f"is not valid UTF-8 in line {line}; save the file as UTF-8"
        ) from None
    except csv.Error as error:
        raise InvalidFields(body=f"is not valid CSV in line {lines.line_num}: {error}") from None
    if not rows:
        raise InvalidFields(
            users="has no users; the first line is the header, and the users follow it"
        )
    return rows


def _lines_in_utf8(content: bytes) -> int:
    """How many lines end before the first byte that is not UTF-8; the reader itself is ahead."""
    try:
        content.decode()
    except UnicodeDecodeError as error:
        return content.count(b"\n", 0, error.start)
    return content.count(b"\n")


class _Lines(Iterator[str]):
    """The lines of a file, at most `MAX_ROW` characters of them for one row."""

    def __init__(self, file: TextIOWrapper) -> None:
        self._file = file
        self._number = 0
        self.of_row = 0
        """Characters since the last row; whoever takes a row sets it back."""

    def __next__(self) -> str:
        line = self._file.readline(MAX_ROW + 1)
        if not line:
            raise StopIteration
        self._number += 1
        self.of_row += len(line)
        if self.of_row > MAX_ROW:
            raise InvalidFields(
                body=f"has a row of more than {MAX_ROW} characters near line {self._number}; "
                "check for an unclosed quotation mark"
            )
        return line


def _delimiter(content: bytes) -> str:
    first = content[:MAX_HEADER].splitlines()[:1] or [b""]
    return ";" if first[0].count(b";") > first[0].count(b",") else ","


def _filled(lines: Iterator[list[str]], source: _Lines) -> Iterator[list[str]]:
    """The rows that have something in them, and those that have too much; spaces around a cell do
    not count."""
    blank = 0
    for line in lines:
        source.of_row = 0
        if len(line) > MAX_COLUMNS:
            yield line
            continue
        cells = [cell.strip() for cell in line]
        if any(cells):
            yield cells
            continue
        blank += 1
        if blank > MAX_BLANK:
            raise InvalidFields(
                users=f"has more than {MAX_BLANK} blank rows; remove the blank rows after the "
                "last user"
            )


def _header(cells: Sequence[str]) -> list[str]:
    # Looked at before they are compared with each other: a file may have thousands of columns.
    if len(cells) > MAX_COLUMNS:
        raise InvalidFields(
            header=f"has {len(cells)} columns; the maximum is {len(COLUMNS)}: {', '.join(COLUMNS)}"
        )
    names = [cell.lower() for cell in cells]
    wrong = {
        **{name: "is missing from the header" for name in COLUMNS if name not in names},
        **{name: "appears twice in the header" for name in names if names.count(name) > 1},
    }
    unknown = [name[:50] for name in names if name not in COLUMNS]
    if unknown:
        wrong["header"] = f"has unknown columns: {', '.join(unknown[:10])}"
    if wrong:
        raise InvalidFields(**wrong)
    return names


def _row(header: Sequence[str], cells: Sequence[str]) -> Row:
    if len(cells) != len(header):
        return InvalidFields(row=f"has {len(cells)} cells, but the header has {len(header)}")
    # An empty cell is one that says nothing; what must be there is asked for when it is judged.
    return {name: cell for name, cell in zip(header, cells, strict=True) if cell}
