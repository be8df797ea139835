"""Files with titles and blank rows above the header."""

from io import BytesIO
from typing import Any

import openpyxl
import pytest

from fusion.kernel.errors import InvalidFields
from fusion.kernel.sheets.sheet import MOST_ABOVE
from fusion.users.read_list import UserList, read_list
from tests.portal.furnished import at, person, text
from tests.users.staff import job, results, submitted, work
from tests.world import World

HEADER = "login;display_name;number"
ROWS = "anna;Anna;+3225551200\r\nben;Ben;\r\n"

TITLES = (
    "Our users\r\n",
    "\r\n;;\r\nOur users, as of 1.12.2026\r\n\r\n",
    "Company:;ACME;Brussels\r\nDate:;1.12.2026;\r\n",
    '"Staff\r\nof ACME, Inc.";;\r\n;;\r\n',
    "a;b;c;d;e\r\n" * MOST_ABOVE,
    "Name\r\nTelephone\r\n",
)


def logins(listed: UserList) -> list[Any]:
    return [row.content.get("login") for row in listed.rows]


@pytest.mark.parametrize("titles", TITLES)
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_titles_are_left_out(titles: str, separator: str) -> None:
    above = titles.replace("ACME, Inc", "ACME Inc").replace("users, as", "users as")
    content = f"{above}{HEADER}\r\n{ROWS}".replace(";", separator).encode()
    listed = read_list(content)
    assert logins(listed) == ["anna", "ben"]
    first = listed.rows[0].number
    assert listed.source["header_row"] == first - 1
    assert "header_row" not in read_list(content[content.index(b"login") :]).source


@pytest.mark.parametrize("blank", ["\r\n", ";;\r\n\r\n", '"";\r\n'])
def test_blank_rows_above_the_header(blank: str) -> None:
    listed = read_list(f"{blank}{HEADER}\r\n{ROWS}".encode())
    assert logins(listed) == ["anna", "ben"] and "header_row" not in listed.source


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (f"Users\r\n{HEADER};department\r\n{ROWS}", "has unknown columns: department"),
        ("Users\r\nname;number\r\nAnna;\r\n", "login: is missing from the header"),
        ("Users\r\nlogin\r\nanna\r\n", "has unknown columns: Users"),
        ("id;person\r\nanna;Anna\r\n", "has unknown columns: id, person"),
        ("x\r\n" * (MOST_ABOVE + 1) + f"{HEADER}\r\n{ROWS}", "has unknown columns: x"),
        (f"Users\r\n{HEADER}\r\n", "has no users"),
    ],
)
def test_what_may_be_a_table_is_not_left_out(content: str, message: str) -> None:
    with pytest.raises(InvalidFields) as refused:
        read_list(content.encode())
    assert message in refused.value.detail


def test_a_repeated_header_is_no_user() -> None:
    """Two lists in one file: a user called `login` was created."""
    for again in (HEADER, "Login;Name;Phone", "LOGIN;;"):
        listed = read_list(f"{HEADER}\r\n{ROWS}{again}\r\ncid;Cid;\r\n".encode())
        first, second, repeated, last = (row.content for row in listed.rows)
        assert isinstance(repeated, InvalidFields)
        assert repeated.detail == "row: repeats the header; remove this row"
        assert [each["login"] for each in (first, second, last)] == ["anna", "ben", "cid"]


def book(*rows: list[Any], **sheets: list[list[Any]]) -> bytes:
    """A workbook with these rows, and with other sheets."""
    made = openpyxl.Workbook()
    sheet = made.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    for title, others in sheets.items():
        other = made.create_sheet(title)
        for row in others:
            other.append(row)
    file = BytesIO()
    made.save(file)
    return file.getvalue()


def test_titles_of_a_workbook() -> None:
    rows: list[list[Any]] = [
        ["ACME"],
        [],
        [None, "as of today"],
        HEADER.split(";"),
        ["anna", "Anna", None],
    ]
    listed = read_list(book(*rows, Notes=[["Ask Anna", "login by phone"], ["name"]]))
    assert logins(listed) == ["anna"]
    assert (listed.source["header_row"], listed.source["other_sheets"]) == (4, ["Notes"])
    with pytest.raises(InvalidFields, match="has a list in more than one sheet"):
        read_list(book(*rows, Old=rows))


def test_people_are_told(world: World) -> None:
    id = submitted(world, f"Our users\r\n{HEADER}\r\nanna;Anna;\r\n".encode(), "text/csv")
    work()
    assert [each["row"] for each in results(world, id)] == [3]
    assert job(world, id)["source"]["header_row"] == 2
    shown = text(person(world), at(world, "users", "uploads", id))
    assert "Row 2 was read as the header; the rows above it were left out." in shown
