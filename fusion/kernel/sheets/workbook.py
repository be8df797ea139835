"""Writing a workbook (XLSX) as a stream, in constant memory: one table, all of its texts as text.

Libraries write the whole file before its first byte can be sent. A table needs little of the
format: strings within the cells, two styles, and a further sheet where a spreadsheet has no more
rows.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from io import RawIOBase
from itertools import chain, islice
from typing import IO, Any
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

from fusion.kernel.sheets.cells import read_cell

MAX_ROWS = 1_048_576
"""Rows of a sheet, its header included; no spreadsheet has more."""

MAX_INTEGER = 2**53
"""Spreadsheets keep quantities as floating-point numbers."""

MAX_TEXT = 32_767
"""Characters of a cell; no spreadsheet has more."""

HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"

RELATIONS = (
    f'{HEAD}<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" '
    f'Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
)

STYLES = (
    f'{HEAD}<styleSheet xmlns="{MAIN}">'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"'
    ' applyFont="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    "</styleSheet>"
)
"""Style 0 for quantities, 1 for texts (a number typed there stays as it is typed), 2 for the
header."""

SHEET = (
    f'{HEAD}<worksheet xmlns="{MAIN}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" '
    'topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
    '<sheetFormatPr defaultRowHeight="15"/>{columns}<sheetData>'
)

COLUMNS = '<cols><col min="1" max="{count}" width="24" style="1" customWidth="1"/></cols>'

UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
"""Characters that XML cannot have."""


class _Pipe(RawIOBase):
    """What was written since the last time it was taken."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def take(self) -> bytes:
        """The bytes, each once."""
        taken, self._pieces = b"".join(self._pieces), []
        return taken


def workbook(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], most: int = MAX_ROWS
) -> Iterator[bytes]:
    """The pieces of the file. Sheets are called `title`, `title 2`, and so on; each has the header
    and at most `most` rows with it."""
    pipe = _Pipe()
    remaining = iter(rows)
    count = 0
    with ZipFile(pipe, "w", ZIP_DEFLATED) as archive:
        first = list(islice(remaining, 1))
        while count == 0 or first:
            count += 1
            part = islice(chain(first, remaining), most - 1)
            with archive.open(f"xl/worksheets/sheet{count}.xml", "w", force_zip64=True) as sheet:
                for _ in _sheet(sheet, columns, part):
                    if piece := pipe.take():
                        yield piece
            first = list(islice(remaining, 1))
        names = [title if n == 1 else f"{title} {n}" for n in range(1, count + 1)]
        for path, text in _frame(names).items():
            archive.writestr(path, text)
    yield pipe.take()


def _sheet(
    file: IO[bytes], columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> Iterator[None]:
    file.write(SHEET.format(columns=COLUMNS.format(count=len(columns))).encode())
    file.write(_row(columns, style=2).encode())
    for row in rows:
        file.write(_row(row, style=1).encode())
        yield
    file.write(b"</sheetData></worksheet>")


def _row(cells: Sequence[Any], style: int) -> str:
    return f"<row>{''.join(_cell(cell, style) for cell in cells)}</row>"


def _cell(value: Any, style: int) -> str:
    if value is None or value == "":
        return "<c/>"
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < MAX_INTEGER:
        return f"<c><v>{value}</v></c>"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if read_cell(text) != text:
        text = f"'{text}"  # our reader would remove the text's own apostrophe
    text = escape(UNWRITABLE.sub("\ufffd", text[:MAX_TEXT]))
    return f'<c s="{style}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


def _frame(names: Sequence[str]) -> dict[str, str]:
    """The other parts: path → text."""
    sheets = "".join(
        f'<sheet name="{escape(name)}" sheetId="{n}" r:id="rId{n}"/>'
        for n, name in enumerate(names, start=1)
    )
    links = "".join(
        f'<Relationship Id="rId{n}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in range(1, len(names) + 1)
    )
    parts = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{TYPES}.worksheet+xml"/>'
        for n in range(1, len(names) + 1)
    )
    return {
        "[Content_Types].xml": f'{HEAD}<Types xmlns="{PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType='
        '"application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{TYPES}.sheet.main+xml"/>{parts}'
        f'<Override PartName="/xl/styles.xml" ContentType="{TYPES}.styles+xml"/></Types>',
        "_rels/.rels": RELATIONS,
        "xl/workbook.xml": f'{HEAD}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">'
        f"<sheets>{sheets}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'{HEAD}<Relationships xmlns="{PACKAGE}/relationships">'
        f'{links}<Relationship Id="rId{len(names) + 1}" Type="{OFFICE}/styles" '
        'Target="styles.xml"/></Relationships>',
        "xl/styles.xml": STYLES,
    }
