"""Tables of spreadsheets: whatever a spreadsheet does to a file, the same table is read."""

import csv
import zlib
from collections.abc import Sequence
from datetime import datetime
from io import BytesIO, StringIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import openpyxl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fusion.kernel.errors import InvalidFields
from fusion.kernel.sheets.cells import read_cell, text_cell
from fusion.kernel.sheets.charsets import charsets_of
from fusion.kernel.sheets.columns import letters
from fusion.kernel.sheets.workbook import workbook
from fusion.users.read_list import UserList, read_list

TEXT = st.text(
    st.characters(codec="cp1252", exclude_categories=("Cc", "Cf", "Zs", "Zl", "Zp")), min_size=1
).map(str.strip)
NAMES = st.one_of(
    TEXT, st.sampled_from(["=1+1", "'=x", "-", "+32", "@a", "0042", "1-2", 'say "hi"', "a;b,c|d"])
)
TABLES = st.lists(st.tuples(NAMES.filter(bool), NAMES), min_size=1, max_size=5)


def written(rows: Sequence[Sequence[str]], separator: str, end: str, quoting: int) -> str:
    """The rows as CSV."""
    file = StringIO()
    writer = csv.writer(file, delimiter=separator, lineterminator=end, quoting=quoting)  # type: ignore[arg-type]
    writer.writerows(rows)
    return file.getvalue()


def cells(listed: UserList) -> list[tuple[str, str]]:
    """The logins and names of a list."""
    return [(row.cells.get("login", ""), row.cells.get("display_name", "")) for row in listed.rows]


@st.composite
def files(draw: st.DrawFn) -> tuple[list[tuple[str, str]], bytes]:
    """A table, and a file that a spreadsheet could have made of it."""
    table = draw(TABLES)
    login, name = draw(
        st.sampled_from(
            [
                ("login", "display_name"),
                ("Login", "Display name"),
                ("BENUTZERNAME", "Anzeigename"),
                ("nom d'utilisateur", "Nom affiché"),
                ("gebruikersnaam", " Weergavenaam "),
            ]
        )
    )
    as_formula = draw(st.booleans())
    rows = [(login, name)] + [
        tuple(
            f'="{cell.replace(chr(34), chr(34) * 2)}"' if as_formula else text_cell(cell)
            for cell in row
        )
        for row in table
    ]
    blank = draw(st.integers(0, 3))
    wide = [[*row, *[""] * draw(st.sampled_from([0, blank]))] for row in rows]
    wide += [[""] * draw(st.integers(0, 4)) for _ in range(draw(st.integers(0, 3)))]
    separator = draw(st.sampled_from(",;\t|"))
    end = draw(st.sampled_from(["\r\n", "\n", "\r"]))
    text = written(wide, separator, end, draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])))
    if draw(st.booleans()):
        text = f"sep={separator}{end}{text}"
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]))
    content = text.encode(encoding)
    if encoding == "utf-16-be" and draw(st.booleans()):
        content = b"\xfe\xff" + content
    return [(login.strip(), name.strip()) for login, name in table], content


@given(files())
def test_a_table_is_the_same_in_every_dress(made: tuple[list[tuple[str, str]], bytes]) -> None:
    table, content = made
    assert cells(read_list(content)) == table


@given(st.binary())
@example(b"PK\x03\x04")
@example(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
@example(b"login\n\xff\xfe")
@example(b"\xff\xfel")
@example(b"login\n" + b'="' * 100)
def test_bytes_are_a_list_or_refused(content: bytes) -> None:
    for each in (content, b"login,display_name\n" + content):
        try:
            read_list(each)
        except InvalidFields as refused:
            assert refused.errors and len(refused.detail) < 2_000


@given(NAMES, st.sampled_from(["", "'", "''"]))
def test_marks_of_cells_are_removed_again(name: str, before: str) -> None:
    text = (before + name).strip()
    assert read_cell(text_cell(text)) == text
    assert read_cell(text_cell(text, for_people=False)) == text


@pytest.mark.parametrize(
    ("encoding", "names"),
    [
        ("cp1252", ["Müller", "Jörg"]),
        ("cp1252", ["Noël Dupré", "François"]),
        ("cp1252", ["José Peña", "€ & Söhne"]),
        ("cp1252", ["Øystein Ærø", "Åse"]),
        ("cp1250", ["Łukasz Wójcik", "Żółć"]),
        ("cp1250", ["Dvořák", "Čapek"]),
        ("cp1250", ["Győző", "Tűzoltó"]),
        ("mac_roman", ["Noël Dupré", "François"]),
        ("mac_roman", ["Müller", "Jörg", "Groß"]),
        ("cp1251", ["Иванов Пётр"]),
        ("cp1253", ["Παπαδόπουλος"]),
        ("cp1254", ["Şahin", "Ilgın Özgür"]),
    ],
)
def test_old_character_sets_are_recognised(encoding: str, names: list[str]) -> None:
    text = "login;display_name\r\n" + "".join(f"u{n};{name}\r\n" for n, name in enumerate(names))
    listed = read_list(text.encode(encoding))
    assert [name for _, name in cells(listed)] == names
    assert listed.source["assumed"] is True
    [found] = charsets_of(text.encode(encoding))
    assert found.encoding == encoding


def test_a_named_character_set_is_taken() -> None:
    content = "login,display_name\na,Dvoøák\n".encode("cp1252")
    assert cells(read_list(content, "windows-1252")) == [("a", "Dvoøák")]
    assert cells(read_list(content, "windows-1250")) == [("a", "Dvořák")]
    with pytest.raises(InvalidFields, match="not valid UTF-8 in line 2"):
        read_list(content, "utf-8")


def book(rows: Sequence[list[Any]], **others: Sequence[list[Any]]) -> bytes:
    """A workbook of openpyxl."""
    made = openpyxl.Workbook()
    sheet = made.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    for title, more in others.items():
        other = made.create_sheet(title)
        for row in more:
            other.append(row)
    file = BytesIO()
    made.save(file)
    return file.getvalue()


@settings(deadline=None)
@given(TABLES)
def test_workbooks_go_out_and_come_back(table: list[tuple[str, str]]) -> None:
    stripped = [(login.strip(), name.strip()) for login, name in table]
    ours = b"".join(workbook("users", ("login", "display_name"), stripped))
    assert cells(read_list(ours)) == stripped
    loaded = openpyxl.load_workbook(BytesIO(ours))
    resaved = BytesIO()
    loaded.save(resaved)
    assert cells(read_list(resaved.getvalue())) == stripped


def test_more_rows_than_a_sheet_has_go_on_in_the_next() -> None:
    rows = [(n, f"u{n}") for n in range(25)]
    content = b"".join(workbook("users", ("row", "login"), rows, most=11))
    loaded = openpyxl.load_workbook(BytesIO(content))
    assert loaded.sheetnames == ["users", "users 2", "users 3"]
    found = [row for sheet in loaded for row in sheet.iter_rows(min_row=2, values_only=True)]
    assert found == rows


def test_cells_of_a_workbook_that_are_no_texts() -> None:
    content = book(
        [
            ["login", "display_name", "number"],
            [1001, 2.0, None],
            ["a", datetime(2026, 1, 2), "=1+1"],
            ["b", "#REF!", None],
            [True, "x", None, None, "extra"],
        ]
    )
    first, second, third, last = read_list(content).rows
    assert (first.cells["login"], first.cells["display_name"]) == ("1001", "2")
    assert [error["field"] for error in second.content.errors] == ["display_name", "number"]
    assert "without a stored value" in second.content.detail
    assert "#REF!" in third.content.detail
    assert "column E" in last.content.detail
    assert [row.number for row in (first, second, third, last)] == [2, 3, 4, 5]


def test_the_sheet_with_the_list_is_read() -> None:
    users = [["login"], ["a"]]
    source = read_list(book([["Notes"], ["x"]], Staff=users)).source
    assert (source["sheet"], source["other_sheets"]) == ("Staff", ["Sheet"])
    with pytest.raises(InvalidFields, match="more than one sheet"):
        read_list(book(users, Staff=users))


def test_hidden_rows_are_read_and_reported() -> None:
    made = openpyxl.Workbook()
    sheet = made.active
    assert sheet is not None
    for row in (["login"], ["a"], ["b"]):
        sheet.append(row)
    sheet.row_dimensions[3].hidden = True
    file = BytesIO()
    made.save(file)
    listed = read_list(file.getvalue())
    assert len(listed.rows) == 2 and listed.source["hidden_rows"] == 1


@pytest.mark.once
def test_an_archive_bomb_is_refused_unread() -> None:
    content = book([["login"], ["a"]])
    for part in ("xl/worksheets/sheet1.xml", "xl/styles.xml", "xl/sharedStrings.xml", "xl/a.png"):
        file = BytesIO()
        with ZipFile(BytesIO(content)) as old, ZipFile(file, "w", ZIP_DEFLATED) as new:
            for name in {*old.namelist(), part}:
                size = 200 * 2**20 if name == part else 0
                new.writestr(name, b" " * size or old.read(name))
        with pytest.raises(InvalidFields, match="unpacks to more"):
            read_list(file.getvalue())


def test_entities_are_refused() -> None:
    content = book([["login"], ["a"]])
    file = BytesIO()
    with ZipFile(BytesIO(content)) as old, ZipFile(file, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            if name == "xl/workbook.xml":
                text = b'<!DOCTYPE a [<!ENTITY b "c">]>' + text
            new.writestr(name, text)
    with pytest.raises(InvalidFields, match="cannot be read"):
        read_list(file.getvalue())


@settings(deadline=None)
@given(st.data())
def test_a_damaged_workbook_is_a_list_or_refused(data: st.DataObject) -> None:
    content = bytearray(book([["login", "display_name"], ["a", "A"], ["b", "=1+1"]]))
    with ZipFile(BytesIO(content)) as archive:
        names = archive.namelist()
        name = data.draw(st.sampled_from(names))
        text = bytearray(archive.read(name))
        others = {each: archive.read(each) for each in names if each != name}
    for place in data.draw(st.lists(st.integers(0, len(text) - 1), min_size=1, max_size=5)):
        text[place] = data.draw(st.integers(0, 255))
    file = BytesIO()
    with ZipFile(file, "w") as new:
        for each, whole in {**others, name: bytes(text)}.items():
            new.writestr(each, whole)
    for damaged in (file.getvalue(), bytes(content[: zlib.crc32(text) % len(content)])):
        try:
            read_list(damaged)
        except InvalidFields as refused:
            assert refused.errors


def test_columns_are_named_as_in_a_spreadsheet() -> None:
    assert [letters(n) for n in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]
