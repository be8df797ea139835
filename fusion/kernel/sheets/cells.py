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

AS_TEXT = re.compile(r'="((?:[^"]|"")*)"')
"""A formula that means nothing but its text: people write it to keep a plus sign or a zero."""

ERRORS = frozenset(
    ("#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#SPILL!", "#CALC!")
)


def text_cell(text: str) -> str:
    """The text for a file that a spreadsheet opens; marked if the spreadsheet would change it."""
    if text[:1].isalnum() or not FORMULA.match(text):
        return text
    return f"'{text}"


def read_cell(text: str) -> str:
    """The text that a cell means, without the mark and the spaces around it."""
    cell = text.strip()
    formula = AS_TEXT.fullmatch(cell)
    if formula:
        return formula[1].replace('""', '"').strip()
    if cell[:1] == "'" and FORMULA.match(cell, 1):
        return cell[1:]
    return cell
