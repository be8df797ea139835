"""Reading a file that somebody saved from a spreadsheet, whichever format it has."""

from fusion.kernel.errors import InvalidFields
from fusion.kernel.sheets.separated import Likeness, read_separated
from fusion.kernel.sheets.sheet import Sheet, without_blank
from fusion.kernel.sheets.xlsx import OLE, ZIP, read_xlsx


def read_sheet(content: bytes, likeness: Likeness, declared: str | None = None) -> Sheet:
    """The filled rows of a CSV or XLSX file, recognised by its first bytes.

    `likeness` counts known columns in a row; `declared` is the character set that the sender named.
    InvalidFields if the file as a whole cannot be read; the rows raise it, too.
    """
    if content.startswith(b"%PDF"):
        raise InvalidFields(body="is a PDF file; save the list as XLSX, or as CSV (UTF-8)")
    if content.startswith((ZIP, OLE)):
        sheet = read_xlsx(content, likeness)
    else:
        sheet = read_separated(content, likeness, declared)
    return Sheet(sheet.source, without_blank(sheet.rows))
