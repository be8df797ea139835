"""Single cells: the marks that spreadsheets need, added in files for them and removed again.

A spreadsheet evaluates a text that begins like a formula, and takes a phone number for a quantity
and loses its plus sign. An apostrophe before such a text prevents both; a reader of our own removes
it again, so that `read_cell(text_cell(value)) == value` for every text.
"""

import re

FORMULA = re.compile(
    "'*([\t\r\n]|[\\s\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]*[=+\\-@＝＋－＠﹦﹢﹣﹫])"
)
"""The beginning of a text that spreadsheets evaluate: also small and full-width signs, and after
invisible characters. Apostrophes before it belong to the text."""

QUANTITY = re.compile(r"'*[0-9][0-9.,:/ eE%-]*")
"""A text that spreadsheets take for a number, a date or a time: `0042` becomes 42."""

AS_TEXT = re.compile(r'="((?:[^"]|"")*)"')
"""A formula that means nothing but its text: people write it to keep a plus sign or a zero."""

ERRORS = frozenset(
    ("#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#SPILL!", "#CALC!")
)


def text_cell(text: str, *, for_people: bool = True) -> str:
    """The text for a file; marked if a spreadsheet would evaluate it or, in a file for people, take
    it for a quantity."""
    if text[:1].isalpha():
        return text
    marked = FORMULA.match(text) or (
        QUANTITY.fullmatch(text) and (for_people or text.startswith("'"))
    )
    return f"'{text}" if marked else text


def read_cell(text: str) -> str:
    """The text that a cell means, without the mark and the spaces around it."""
    cell = text.strip()
    formula = AS_TEXT.fullmatch(cell)
    if formula:
        return formula[1].replace('""', '"').strip()
    if cell[:1] == "'" and (FORMULA.match(cell, 1) or QUANTITY.fullmatch(cell, 1)):
        return cell[1:]
    return cell
