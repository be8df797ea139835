"""How the file of a list of users is read, without a database."""

import re

import pytest

from fusion.kernel.errors import InvalidFields
from fusion.kernel.sheets.sheet import MAX_COLUMNS
from fusion.users.read_list import CSV_PATTERN, read_list
from fusion.users.rules import MAX_ROWS

HEADER = "login,display_name,kind,number\n"


def test_only_the_login_is_required() -> None:
    [row] = read_list(b"login,sku\nanna,\n").rows
    assert row.content == {"login": "anna"}
    with pytest.raises(InvalidFields, match="login: is missing from the header"):
        read_list(b"name,sku\nAnna,\n")


def test_the_row_of_the_header_is_told_where_it_is_not_the_first() -> None:
    assert "header_row" not in read_list(b"login,sku\nanna,\n").source
    assert read_list(b"Our users\n\nlogin,sku\nanna,\n").source["header_row"] == 3


def test_a_row_with_more_cells_than_a_table_has_columns_ends_the_reading() -> None:
    cells = ["anna", *"x" * (MAX_COLUMNS - 1)]
    [row] = read_list(f"{HEADER}{','.join(cells)}\n".encode()).rows
    assert isinstance(row.content, InvalidFields)
    with pytest.raises(InvalidFields, match=f"more than {MAX_COLUMNS} cells in row 2"):
        read_list(f"{HEADER}{','.join(cells)},x\n".encode())


def test_one_row_too_many() -> None:
    with pytest.raises(InvalidFields, match=f"more than {MAX_ROWS} rows"):
        read_list(HEADER.encode() + b"anna,Anna,,\n" * (MAX_ROWS + 1))


def test_of_an_unknown_word_fifty_characters_are_quoted() -> None:
    [row] = read_list(f"{HEADER}anna,Anna,{'x' * 51},\n".encode()).rows
    assert isinstance(row.content, InvalidFields)
    assert row.content.errors[0]["message"].startswith(f"“{'x' * 50}” is unknown")


def test_the_pattern_of_the_openapi_document() -> None:
    assert re.search(CSV_PATTERN, f"{HEADER}anna,Anna,user,\n")
    assert not re.search(CSV_PATTERN, "login,display_name,kind,sku\nanna,Anna,user,\n")
