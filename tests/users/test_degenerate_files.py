"""Files that are no lists of users: refused after a look at little of them, whatever their size."""

import time
from collections.abc import Callable

import pytest

from fusion.kernel.errors import InvalidFields
from fusion.kernel.sheets.sheet import MAX_BLANK, MAX_ROW
from fusion.users.read_list import read_list
from fusion.users.rules import MAX_ROWS

pytestmark = pytest.mark.once

HEADER = b"login,display_name,kind,number\n"
USER = b"a@example.com,A,user,\n"
SIZE = 60 * 1024 * 1024

FILES: dict[str, Callable[[], bytes]] = {
    "blank lines": lambda: HEADER + b"\n" * SIZE,
    "blank lines of Windows": lambda: HEADER + b"\r\n" * (SIZE // 2),
    "blank lines of old Macintoshes": lambda: HEADER + b"\r" * SIZE,
    "commas": lambda: HEADER + b"," * SIZE,
    "lines of commas": lambda: HEADER + b",,,\n" * (SIZE // 4),
    "long lines of commas": lambda: HEADER + (b"," * 60_000 + b"\n") * (SIZE // 60_001),
    "nothing but commas": lambda: b"," * SIZE,
    "nothing but blank lines": lambda: b"\n" * SIZE,
    "spaces": lambda: HEADER + b" " * SIZE,
    "lines of spaces": lambda: HEADER + (b" " * 60_000 + b"\n") * (SIZE // 60_001),
    "one letter": lambda: HEADER + b"a" * SIZE,
    "NUL": lambda: HEADER + b"\0" * SIZE,
    "an open quotation mark": lambda: HEADER + b'"' + b"a\n" * (SIZE // 2),
    "quotation marks": lambda: HEADER + b'"' * SIZE,
    "cells with line breaks": lambda: HEADER + b'"\n",' * (SIZE // 4),
    "users without end": lambda: HEADER + USER * (SIZE // len(USER)),
    "users between blank lines": lambda: HEADER + (USER + b"\n") * (SIZE // len(USER)),
    "headers without end": lambda: b"login," * (SIZE // 6),
    "columns without end": lambda: HEADER + (b"a," * 30_000 + b"\n") * (SIZE // 60_001),
    "no UTF-8": lambda: HEADER + b"\xff" * SIZE,
    "UTF-16": lambda: (HEADER + USER * 1_000_000).decode().encode("utf-16"),
}


@pytest.mark.once
@pytest.mark.parametrize("name", FILES)
def test_a_file_is_refused_early(name: str) -> None:
    """In less than a tenth of what reading all of a file took: 57 s for 60 MiB of blank lines."""
    content = FILES[name]()
    begun = time.process_time()
    with pytest.raises(InvalidFields) as refused:
        read_list(content)
    assert time.process_time() - begun < 5.7
    assert len(str(refused.value.errors)) < 1_000


def test_blank_rows_of_spreadsheets_are_accepted() -> None:
    content = b"\n,,,\n" + HEADER + (USER + b" , ,\t,\n") * 400 + b",,,\n" * (MAX_BLANK - 402)
    assert len(read_list(content).rows) == 400
    with pytest.raises(InvalidFields, match="blank rows"):
        read_list(content + b"\n")


def test_the_largest_list_is_taken() -> None:
    assert len(read_list(HEADER + USER * MAX_ROWS).rows) == MAX_ROWS


def test_a_long_cell_is_taken_with_its_line_breaks() -> None:
    name = b"A\n" * (MAX_ROW // 2 - 50)
    [row] = read_list(HEADER + b'a@example.com,"' + name + b'",user,\n').rows
    assert row.content["display_name"] == name.decode().strip()
