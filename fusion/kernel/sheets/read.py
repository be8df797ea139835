"""Reading a file that somebody saved from a spreadsheet, whichever format it has."""

from codecs import BOM_UTF8

from fusion.kernel.errors import InvalidFields
from fusion.kernel.sheets.separated import BEGINNING, Likeness, read_separated
from fusion.kernel.sheets.sheet import Sheet, without_blank
from fusion.kernel.sheets.xlsx import OLE, ZIP, read_xlsx

NO_TABLES = (b"<", b"{\\rtf", b'{"', b"[{", b"\x1f\x8b", b"\x89PNG", b"\xff\xd8\xff", b"GIF8")
"""The first bytes of web pages, XML, RTF, JSON, compressed files and pictures."""

CHARSETS = {b"\xff\xfe\0\0": "UTF-32", b"\0\0\xfe\xff": "UTF-32"}
"""Marks of character sets that nobody needs to send."""

ISO_2022 = b"\x1b$"
"""How Japanese, Korean and Chinese texts begin in ISO-2022."""


def read_sheet(content: bytes, likeness: Likeness, declared: str | None = None) -> Sheet:
    """The filled rows of a CSV or XLSX file, recognised by its first bytes.

    `likeness` counts known columns in a row; `declared` is the character set that the sender named.
    InvalidFields if the file as a whole cannot be read; the rows raise it, too.
    """
    if content.startswith((ZIP, OLE)):
        sheet = read_xlsx(content, likeness)
    else:
        _refuse_other_kinds(content)
        sheet = read_separated(content, likeness, declared)
    return Sheet(sheet.source, without_blank(sheet.rows))


def _refuse_other_kinds(content: bytes) -> None:
    """InvalidFields for files that are known not to be tables, with what to do instead."""
    if content.startswith(b"%PDF"):
        raise InvalidFields(body="is a PDF file; save the list as XLSX, or as CSV (UTF-8)")
    charset = next((name for mark, name in CHARSETS.items() if content.startswith(mark)), "")
    if ISO_2022 in content[:BEGINNING] and content[:BEGINNING].isascii():
        charset = "ISO-2022"
    if charset:
        raise InvalidFields(body=f"has the character set {charset}; save the file as UTF-8")
    if content[:BEGINNING].removeprefix(BOM_UTF8).lstrip().startswith(NO_TABLES):
        raise InvalidFields(body="is not a table; save the list as XLSX, or as CSV (UTF-8)")
