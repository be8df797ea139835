"""Files as people really save them: each is read as it is meant, or refused with what is right."""

from collections.abc import Callable
from datetime import datetime, time
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import openpyxl
import pytest
from openpyxl.chart import BarChart, Reference

from fusion.kernel.errors import InvalidFields
from fusion.users.batch_row import prepared
from fusion.users.read_list import read_list

pytestmark = pytest.mark.once

PERSON = ("anna", "Anna Müller", "+3225551200")
LIST = "login;display_name;number\r\nanna;Anna Müller;+32 2 555 12 00\r\n"


def people(content: bytes, declared: str | None = None) -> list[Any]:
    """(login, name, number) of each row, or its messages by field."""
    rows = prepared(read_list(content, declared).rows, lambda: "BE")
    return [
        {each["field"]: each["message"] for each in row["problem"]["errors"]}
        if "problem" in row
        else (row["login"], row["display_name"], row["number"])
        for row in rows
    ]


@pytest.mark.parametrize(
    "content",
    [
        LIST.encode(),
        LIST.encode("utf-8-sig"),
        LIST.encode("cp1252"),
        b"\xff\xfe" + LIST.replace(";", "\t").encode("utf-16-le"),
        b"\xfe\xff" + LIST.replace(";", "\t").encode("utf-16-be"),
        LIST.replace(";", "\t").encode("utf-16-le"),
        LIST.replace("\r\n", "\r").encode(),
        LIST.replace("\r\n", "\n").encode(),
        f"sep=;\r\n{LIST}".encode(),
        f"sep=,\r\n{LIST}".encode(),
        ("\ufeffsep=\t\r\n" + LIST.replace(";", "\t")).encode("utf-16-le"),
        LIST.replace("\r\n", ";;;\r\n").encode(),
        (LIST + ";;;\r\n;;\r\n").encode(),
        LIST.replace("+32 2 555 12 00", "'+3225551200").encode(),
        LIST.replace("+32 2 555 12 00", '="+3225551200"').encode(),
        LIST.replace("+32 2 555 12 00", '"=""+3225551200"""').encode(),
        LIST.replace("login;display_name;number", "Benutzername;Anzeigename;Rufnummer").encode(),
        LIST.replace("login;display_name;number", "IDENTIFIANT;Nom affiché;Téléphone").encode(),
        LIST.replace("login;display_name;number", "inlognaam; Weergavenaam ;Telefoon").encode(),
        LIST.replace("login;display_name", "\u00a0Login\u00a0;Display\u00a0Name").encode(),
    ],
)
def test_one_list_in_many_files(content: bytes) -> None:
    assert people(content) == [PERSON]


CHANGED = "was changed by a spreadsheet; format the column as text and enter the number again"


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("3,22556E+11", CHANGED),
        ("3.22556E+11", CHANGED),
        ("3,23e+10", CHANGED),
        ("3٫22556E+11", CHANGED),
        ("01/02/2026", CHANGED),
        ("02.03.2026", CHANGED),
        ("2026-01-02", CHANGED),
        ("12:30", CHANGED),
        ("########", CHANGED),
        ("#N/A", CHANGED),
        ("3225551200", "has no plus sign; if it begins with a country code, write +3225551200"),
        ("25551200", "is incomplete as a number of BE; if that is the country, write +3225551200"),
        ("+3225551200-99", "looks like a block of numbers"),
        ('"+3225551200\r\n+3225551201"', "looks like more than one number"),
    ],
)
def test_a_ruined_number_is_refused_with_its_text(cell: str, message: str) -> None:
    [found] = people(f"login;display_name;number\r\na;A;{cell}\r\n".encode())
    assert message in found["number"]
    shown = cell.strip('"').replace("\r\n", " ")
    assert f"“{shown}”" in found["number"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "has no users; the first line is the header"),
        (b"\xef\xbb\xbf", "has no users"),
        (b"\r\n\r\n", "has no users"),
        (b"login;display_name\r\n", "has no users"),
        (b"login;name;Name\r\na;A;B\r\n", "display_name: appears twice in the header"),
        (b"login;department\r\na;x\r\n", "has unknown columns: department"),
        (b"name;number\r\nA;1\r\n", "login: is missing from the header"),
        (b"Our users\r\nlogin\r\na\r\n", "has unknown columns: Our users"),
        (
            b'login;name\r\na;"A\r\nb;B\r\n',
            "has a quotation mark in the row of line 2 that is not closed",
        ),
        (
            b'login;name\r\na;A\r\nb;"B"x\r\n',
            "has text after a closing quotation mark in line 3; double marks in a cell",
        ),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 99, "is an old Excel file (XLS); save"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "has a password; save it as XLSX without a password",
        ),
        (b"%PDF-1.4", "is a PDF file"),
        (b"<html><table><tr><td>login</td></tr></table></html>", "is not a table"),
        (b'<?xml version="1.0"?><Workbook/>', "is not a table"),
        (b'{"users": [{"login": "a"}]}', "is not a table"),
        (b"{\\rtf1 x}", "is not a table"),
        (b"\x1f\x8b\x08\0" + b"x" * 50, "is not a table"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "is not a table"),
        (LIST.encode("utf-32"), "has the character set UTF-32; save the file as UTF-8"),
        ("login;name\r\na;山田太郎\r\n".encode("iso2022_jp"), "has the character set ISO-2022"),
        (b"login;name\r\n" + b"".join(b"u%d;U\r\n" % n for n in range(10_001)), "split the file"),
    ],
)
def test_a_file_that_cannot_be_read_says_what_to_do(content: bytes, message: str) -> None:
    with pytest.raises(InvalidFields) as refused:
        read_list(content)
    assert message in refused.value.detail


@pytest.mark.parametrize(
    ("charset", "name"),
    [
        ("koi8-r", "Иванов Пётр"),
        ("cp850", "Anna Müller Noël"),
        ("cp1257", "Jānis Bērziņš"),
    ],
)
def test_a_name_is_never_read_in_a_wrong_character_set(charset: str, name: str) -> None:
    content = f"login;display_name\r\na;{name}\r\nb;{name} x\r\n".encode(charset)
    with pytest.raises(InvalidFields, match="is not valid UTF-8 in line 2; save the file as UTF-8"):
        read_list(content)
    assert [row[1] for row in people(content.decode(charset).encode())] == [name, f"{name} x"]


def test_rows_name_what_is_wrong_with_them() -> None:
    content = (
        "login;display_name;kind;action\r\n"
        'a;"Anna\r\nMaria";;\r\n'
        "b;B;employee;\r\n"
        "c;C;;\r\n"
        "C ;D;;\r\n"
        ";E;;\r\n"
        "f;F;;;lost\r\n"
        "g;;;LÖSCHEN\r\n"
    )
    rows = people(content.encode())
    assert rows[0]["display_name"] == "has a line break at position 5; write it in one line"
    assert rows[1]["kind"].startswith("“employee” is unknown; leave the cell empty, or write one")
    assert (
        rows[2]["login"]
        == rows[3]["login"]
        == ("is in several rows of the list: 4, 5; keep one of them")
    )
    assert rows[4]["login"] == "is required"
    assert "column E" in rows[5]["row"]
    assert rows[6] == ("g", None, None)


def workbook(make: Callable[[Any], None]) -> bytes:
    """A workbook of openpyxl, with this in its first sheet or beside it."""
    made = openpyxl.Workbook()
    make(made)
    file = BytesIO()
    made.save(file)
    return file.getvalue()


def rows_of(*rows: list[Any]) -> bytes:
    """A workbook with these rows."""

    def make(made: Any) -> None:
        for row in rows:
            made.active.append(row)

    return workbook(make)


def test_cells_of_all_types() -> None:
    rows = people(
        rows_of(
            ["Login", "Display name", "number"],
            ["a", "A", datetime(2026, 1, 2)],
            ["b", "B", time(12, 30)],
            ["c", "C", 3225551200],
            ["d", "D", "+32 2 555 12 00"],
            ["e", "E", True],
        )
    )
    assert "is a date or time in the spreadsheet" in rows[0]["number"]
    assert "is a date or time in the spreadsheet" in rows[1]["number"]
    assert "write +3225551200" in rows[2]["number"]
    assert rows[3] == ("d", "D", "+3225551200")
    assert "“true” has no digits" in rows[4]["number"]


def test_merged_cells_hidden_sheets_and_charts() -> None:
    def make(made: Any) -> None:
        sheet = made.active
        for row in (["login", "display_name"], ["a", "A"], ["b", "B"]):
            sheet.append(row)
        sheet.merge_cells("B2:B3")
        hidden = made.create_sheet("Old")
        hidden.append(["login"])
        hidden.append(["z"])
        hidden.sheet_state = "veryHidden"
        chart = BarChart()
        chart.add_data(Reference(sheet, min_col=1, min_row=1, max_row=3))
        made.create_chartsheet("Chart").add_chart(chart)

    assert people(workbook(make)) == [("a", "A", None), ("b", None, None)]


def test_bytes_of_a_workbook_are_no_character_set() -> None:
    content = rows_of(["login"], ["a"])
    file = BytesIO()
    with ZipFile(BytesIO(content)) as old, ZipFile(file, "w") as new:
        new.writestr("docProps/custom.bin", b"\x1b$B")
        for name in old.namelist():
            new.writestr(name, old.read(name))
    assert people(file.getvalue()) == [("a", None, None)]


def test_other_files_in_an_archive_are_named() -> None:
    for names, message in (
        (("[Content_Types].xml", "xl/workbook.bin"), "is a binary workbook (XLSB)"),
        (("mimetype", "content.xml"), "is an OpenDocument file"),
        (("Index/Document.iwa",), "is a Numbers document"),
        (("[Content_Types].xml", "word/document.xml"), "cannot be read as an Excel workbook"),
        (("users.csv",), "cannot be read as an Excel workbook"),
    ):
        file = BytesIO()
        with ZipFile(file, "w") as archive:
            for name in names:
                archive.writestr(name, "<x/>")
        with pytest.raises(InvalidFields) as refused:
            read_list(file.getvalue())
        assert message in refused.value.detail


def test_ten_thousand_rows_are_read_and_one_more_is_not() -> None:
    rows = [["login", "display_name"], *([f"u{n}", "U"] for n in range(10_000))]
    assert len(read_list(rows_of(*rows)).rows) == 10_000
    with pytest.raises(InvalidFields, match="has more than 10000 rows; split the file"):
        read_list(rows_of(*rows, ["one", "more"]))
