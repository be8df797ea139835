"""Reading Excel workbooks (XLSX), bounded: of a few mebibytes, an archive can make gigabytes.

Formulas count with the values that the spreadsheet stored. Hidden rows count like others, as in a
CSV that the same program saves; `source` gives their number.
"""

import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from io import BytesIO
from itertools import islice
from typing import Any
from zipfile import BadZipFile, ZipFile, ZipInfo

from openpyxl import load_workbook
from openpyxl.workbook.workbook import Workbook

from fusion.kernel.errors import InvalidFields
from fusion.kernel.sheets.cells import ERRORS, read_cell
from fusion.kernel.sheets.columns import names_in
from fusion.kernel.sheets.separated import Likeness
from fusion.kernel.sheets.sheet import MAX_COLUMNS, MOST_ABOVE, Sheet, SheetRow, without_blank

ZIP = b"PK\x03\x04"

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""The first bytes of old Excel files, and of workbooks with a password."""

ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
"""The name of the part that a workbook with a password consists of."""

MAX_TABLE = 64 * 1024 * 1024
"""Bytes of the unpacked sheets, and of their texts: ten thousand users take four mebibytes."""

MAX_PART = 4 * 1024 * 1024
"""Bytes of any other unpacked part that is read, such as the styles."""

MAX_PARTS = 1_000

MAX_SHEETS = 100

TABLES = re.compile(r"xl/(worksheets/.*|sharedStrings\.xml)", re.IGNORECASE)
HIDDEN = re.compile(rb'<(?:\w+:)?row\b[^>]*\bhidden="(?:1|true)"')
FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")

UNREADABLE = "cannot be read as an Excel workbook; save it again as XLSX, or as CSV (UTF-8)"


def read_xlsx(content: bytes, likeness: Likeness) -> Sheet:
    """The rows of the sheet whose header has known columns; of the first sheet if none has.

    InvalidFields for a file that is no workbook, unpacks to too much, or has such columns in
    several sheets; the rows raise it where they are read.
    """
    parts = _check(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = load_workbook(BytesIO(content), read_only=True, data_only=True, keep_links=False)
            formulas = (
                load_workbook(BytesIO(content), read_only=True, keep_links=False)
                if parts.formulas
                else None
            )
    except Exception:  # openpyxl raises what the broken part happens to cause
        raise InvalidFields(body=UNREADABLE) from None
    title, others = _chosen(book, likeness)
    source: dict[str, Any] = {"format": "xlsx", "sheet": title, "other_sheets": others}
    if parts.hidden:
        source["hidden_rows"] = parts.hidden
    return Sheet(source, _rows(book, formulas, title))


@dataclass(frozen=True, slots=True)
class _Parts:
    hidden: int
    formulas: bool


def _check(content: bytes) -> _Parts:
    """What the parts contain; InvalidFields if they are too large, too many, or no workbook."""
    if content.startswith(OLE):
        if ENCRYPTED in content:
            raise InvalidFields(body="has a password; save it as XLSX without a password")
        raise InvalidFields(body="is an old Excel file (XLS); save it as XLSX, or as CSV (UTF-8)")
    hidden, formulas = 0, False
    try:
        with ZipFile(BytesIO(content)) as archive:
            for part in _read(archive):
                text = archive.read(part)
                if b"<!ENTITY" in text or (b"<!DOCTYPE" in text and _is_xml(part)):
                    raise InvalidFields(body=UNREADABLE)
                if "worksheets/" in part.filename:
                    hidden += len(HIDDEN.findall(text))
                    formulas = formulas or FORMULA.search(text) is not None
    except (BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError, ValueError):
        raise InvalidFields(body=UNREADABLE) from None
    except Exception as error:
        if isinstance(error, InvalidFields):
            raise
        raise InvalidFields(body=UNREADABLE) from None  # such as zlib.error
    return _Parts(hidden, formulas)


def _read(archive: ZipFile) -> Iterator[ZipInfo]:
    """The parts that a reader of the workbook opens; their declared size is what it gets."""
    parts = archive.infolist()
    names = {part.filename for part in parts}
    if any(name.startswith("Index/") for name in names):
        raise InvalidFields(body="is a Numbers document; export it as Excel (XLSX) or CSV")
    if "mimetype" in names:
        raise InvalidFields(body="is an OpenDocument file; save it as XLSX, or as CSV (UTF-8)")
    if "xl/workbook.bin" in names:
        raise InvalidFields(body="is a binary workbook (XLSB); save it as XLSX, or as CSV (UTF-8)")
    if len(parts) > MAX_PARTS or "xl/workbook.xml" not in names:
        raise InvalidFields(body=UNREADABLE)
    tables = 0
    for part in parts:
        # Any name may be that of a sheet: the workbook says which parts are.
        if TABLES.fullmatch(part.filename) or not _is_xml(part):
            tables += part.file_size
        if tables > MAX_TABLE or (
            part.file_size > MAX_PART and _is_xml(part) and not TABLES.match(part.filename)
        ):
            raise InvalidFields(
                body=f"unpacks to more than {MAX_TABLE // 2**20} MiB; save only the rows with "
                "users, or split the file"
            )
        yield part


def _is_xml(part: ZipInfo) -> bool:
    return part.filename.lower().endswith((".xml", ".rels", ".vml"))


def _chosen(book: Workbook, likeness: Likeness) -> tuple[str, list[str]]:
    """The title of the sheet with the table, and those of other visible sheets with cells."""
    filled: dict[str, int] = {}
    for sheet in islice(book.worksheets, MAX_SHEETS):
        if sheet.sheet_state == "visible":
            rows = [*islice(without_blank(_cells(_values(sheet))), MOST_ABOVE + 1)]
            if rows:
                filled[sheet.title] = names_in(likeness(row.cells) for row in rows)
    if not filled:
        raise InvalidFields(body="has no visible sheet with cells")
    tables = [title for title, known in filled.items() if known]
    if len(tables) > 1:
        names = ", ".join(title[:50] for title in tables[:10])
        raise InvalidFields(
            body=f"has a list in more than one sheet ({names}); keep one of them, and hide or "
            "delete the others"
        )
    title = (tables or list(filled))[0]
    return title, [other for other in filled if other != title]


def _rows(book: Workbook, formulas: Workbook | None, title: str) -> Iterator[SheetRow]:
    yield from _cells(_values(book[title]), _values(formulas[title]) if formulas else None)


def _values(sheet: Any) -> Iterator[tuple[Any, ...]]:
    sheet.reset_dimensions()  # programs write wrong ones, which would hide rows
    rows: Iterator[tuple[Any, ...]] = sheet.iter_rows(values_only=True)
    return rows


def _cells(
    values: Iterable[tuple[Any, ...]], written: Iterator[tuple[Any, ...]] | None = None
) -> Iterator[SheetRow]:
    """Rows of values; `written` has the formulas in place of the values they made."""
    try:
        for number, row in enumerate(values, start=1):
            formulas = next(written, ()) if written else ()
            width = len(row)
            while width and row[width - 1] is None and not _is_formula(formulas, width - 1):
                width -= 1
            cells, faults = [], {}
            for i, value in enumerate(row[: min(width, MAX_COLUMNS + 1)]):
                fault = _fault(value, _is_formula(formulas, i))
                cells.append("" if fault else _text(value))
                if fault:
                    faults[i] = fault
            yield SheetRow(number, cells, faults)
    except InvalidFields:
        raise
    except Exception:  # see read_xlsx
        raise InvalidFields(body=UNREADABLE) from None


def _is_formula(formulas: tuple[Any, ...], i: int) -> bool:
    if i >= len(formulas):
        return False
    cell = formulas[i]
    return not isinstance(cell, (str, int, float, type(None))) or str(cell).startswith("=")


def _fault(value: Any, formula: bool) -> str:
    if isinstance(value, (datetime, date, time, timedelta)):
        return "is a date or time in the spreadsheet; format the cell as text and type it again"
    if isinstance(value, str) and value in ERRORS:
        return f"has the error {value} of a formula in the spreadsheet"
    if value is None and formula:
        return (
            "has a formula without a stored value; open and save the file in a spreadsheet program"
        )
    return ""


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return read_cell(str(value))
