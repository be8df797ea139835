"""What people write where a number is expected: the characters of numbers, and what is not one.

`parse.py` turns a text into a number. The templates here are its refusals; the portal translates
them.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Final

from django.utils.translation import gettext_noop

from fusion.numbers.blocks import (
    DASH,
    LONGEST_ENDING,
    Block,
    Reading,
    any_of,
    digits_of,
    find_block,
    is_several,
)

LONGEST_SHOWN = 40
"""Most characters of a text that a refusal repeats."""

LONGEST_TYPED = 200
"""Most characters of a text that is searched for a number."""

EMPTY = gettext_noop("is empty; write a phone number with its plus sign, such as +3225551234")
NO_DIGITS = gettext_noop(
    "“%(value)s” has no digits; write a phone number with its plus sign, such as +3225551234"
)
EXTENSION = gettext_noop(
    "“%(value)s” has an extension; write the complete number, without words or signs for an "
    "extension"
)
BLOCK_OR_ONE = gettext_noop(
    "“%(value)s” looks like a block of numbers; give its first and last number. If it is one "
    "number, write %(number)s"
)
BLOCK_OR_ONE_ENDS = gettext_noop(
    "“%(value)s” looks like a block of numbers; give its first and last number, such as %(first)s "
    "and %(last)s. If it is one number, write %(number)s"
)
BLOCK_ENDS = gettext_noop(
    "“%(value)s” looks like a block of numbers; give its first and last number, such as %(first)s "
    "and %(last)s"
)
BLOCK = gettext_noop("“%(value)s” looks like a block of numbers; give its first and last number")
TWO = gettext_noop("“%(value)s” looks like more than one number; write each number separately")
LETTERS = gettext_noop("“%(value)s” has letters; write the digits that callers dial")
CHARACTER = gettext_noop("“%(value)s” has %(character)s, which is not part of a phone number")
SPREADSHEET = gettext_noop(
    "“%(value)s” was changed by a spreadsheet; format the column as text and enter the number again"
)
ADDRESS = gettext_noop("“%(value)s” is an address or has parameters; write only the phone number")
PLUS_INSIDE = gettext_noop("“%(value)s” has a plus sign that is not at its beginning")
PLUS_ZERO = gettext_noop(
    "“%(value)s” has a zero after the plus sign; a country code begins with 1 to 9"
)
NO_COUNTRY = gettext_noop(
    "“%(value)s” has no country code; write the number with a plus sign and its country code, "
    "such as +3225551234"
)
NO_PLUS = gettext_noop(
    "“%(value)s” has no plus sign; if it begins with a country code, write %(number)s"
)
NOT_THERE = gettext_noop(
    "“%(value)s” is not a phone number of %(country)s; for another country, write a plus sign and "
    "the country code first"
)
UNUSUAL = gettext_noop(
    "“%(value)s” is incomplete as a number of %(country)s; if that is the country, write %(number)s"
)
AMBIGUOUS = gettext_noop("“%(value)s” can mean %(number)s or %(other)s; write the intended one")
NO_AREA = gettext_noop("“%(value)s” has no area code; write the complete number")
TOO_SHORT = gettext_noop("“%(value)s” has too few digits for a phone number")
TOO_LONG = gettext_noop("“%(value)s” has too many digits for a phone number")
TOO_SHORT_THERE = gettext_noop("“%(value)s” has too few digits for a phone number of %(country)s")
TOO_LONG_THERE = gettext_noop("“%(value)s” has too many digits for a phone number of %(country)s")
NO_SUCH_LENGTH = gettext_noop(
    "“%(value)s” does not have as many digits as the phone numbers of %(country)s"
)
NO_SUCH_CODE = gettext_noop("“%(value)s” begins with a country code that does not exist")

REFUSALS: Final = (
    EMPTY,
    NO_DIGITS,
    EXTENSION,
    BLOCK_OR_ONE_ENDS,
    BLOCK_ENDS,
    BLOCK_OR_ONE,
    BLOCK,
    TWO,
    LETTERS,
    CHARACTER,
    SPREADSHEET,
    ADDRESS,
    PLUS_INSIDE,
    PLUS_ZERO,
    NO_COUNTRY,
    NO_PLUS,
    NOT_THERE,
    UNUSUAL,
    AMBIGUOUS,
    NO_AREA,
    TOO_SHORT_THERE,
    TOO_LONG_THERE,
    NO_SUCH_LENGTH,
    TOO_SHORT,
    TOO_LONG,
    NO_SUCH_CODE,
)
"""Every refusal of `parse.py`; those with more placeholders come first."""


class NotANumber(ValueError):
    """Why a text is not one phone number, and how to write it; the text is part of the message."""

    def __init__(self, template: str, text: str, **facts: str) -> None:
        super().__init__(template % {"value": shown(text), **facts})
        self.template = template


class CountryNeeded(NotANumber):
    """The text may be a number of a country, but none is known."""


PLUS = "+\uff0b\ufe62\u207a"
SLASHES = "/\uff0f\u2215\u2044"
DOTS = ".\uff0e\u00b7\u2022\u2027\u2219\u22c5\u30fb\ufe52"
DASHES = "\u2212\u2043\u02d7\u30fc\uff70\u2796"
"""Characters used as dashes that Unicode does not class as dashes (Pd)."""
TILDES = "~\u223c\u02dc\u301c\uff5e"
INVISIBLE = (
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
    + "".join(map(chr, range(0xFE00, 0xFE10)))
    + "".join(map(chr, range(0xE0100, 0xE01F0)))
)
"""Invisible characters that Unicode does not class as formats (Cf)."""
LINE_ENDS = "\n\r\v\f\u0085\u2028\u2029"

CANONICAL: Mapping[str, str] = {
    **dict.fromkeys(PLUS, "+"),
    **dict.fromkeys(SLASHES, "/"),
    **dict.fromkeys(DOTS, "."),
    **dict.fromkeys(DASHES, "-"),
    **dict.fromkeys(TILDES, "~"),
    **dict.fromkeys(INVISIBLE, ""),
    **dict.fromkeys(LINE_ENDS, "\n"),
    "\u2026": "..",
    "\u2025": "..",
    "\t": " ",
    "\uff0c": ",",
    "\u066b": ",",
    "\u060c": ",",
    "\u3001": ",",
    "\uff1b": ";",
    "\u061b": ";",
    "\uff1a": ":",
    "\uff1d": "=",
    "\uff03": "#",
    "\uff0a": "*",
    "\u00d7": "x",
    "\u2192": ">",
    "\u21d2": ">",
}
"""Character → what it means in a number."""

BY_CATEGORY: Mapping[str, str] = {"Cf": "", "Zs": " ", "Pd": "-", "Ps": "(", "Pe": ")"}
"""Unicode's categories → what their characters mean in a number."""


BRACKETS = str.maketrans("[]{}", "()()")


def canonical(text: str) -> str:
    """`text` with ASCII digits and one sign for each kind of separator, in lower case, without
    invisible characters."""
    if text.isascii() and text.isprintable():
        return text.lower().translate(BRACKETS).strip()
    letters = unicodedata.normalize("NFC", text)
    return "".join(map(_canonical, letters)).casefold().strip(" \n")


def _canonical(character: str) -> str:
    known = CANONICAL.get(character)
    if known is not None:
        return known
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)
    return BY_CATEGORY.get(unicodedata.category(character), character)


def shown(text: str) -> str:
    """`text` as a refusal repeats it: one line, without invisible characters, not too long."""
    visible = "".join(
        " " if character in LINE_ENDS or character.isspace() else character
        for character in text
        if (
            character not in INVISIBLE
            and unicodedata.category(character) not in ("Cf", "Cs", "Cc", "Co", "Cn")
        )
        or character.isspace()
    )
    line = " ".join(visible.split())
    return line if len(line) <= LONGEST_SHOWN else f"{line[: LONGEST_SHOWN - 1]}…"


EXTENSION_WORDS = any_of(
    r"x ext extn extension poste durchwahl dw nst nebenstelle app(?:arat)? toestel tst intern[eo]? "
    r"int anexo ramal wew доб vnitř linka lok"
)

SCHEME = re.compile(r"tel\s*\.?:\s*(?://)?")
QUOTES = re.compile(r"^=?\s*['\"`´‘’“”]+|['\"`´‘’“”]+$")
FOLLOWING = re.compile(r"[\s,;]+$")
ADDRESSES = re.compile(r"^(?:sips?|mailto|callto|https?|h323|urn):|@|;\s*[a-z-]+\s*=")
AMOUNTS = re.compile(
    r"\+?\d+(?:[.,]\d+)?\s*e\s*\+?\s*\d{1,3}"  # 3.22556E+11
    r"|\+?\d{7,}[.,]0{1,2}"  # 3225551234.00
    r"|[1-9]\d{0,2}(?:,\d{3}){2,}"  # 3,225,551,234
    r"|#{2,}|#[a-z/]+[!?]?"  # ######, #VALUE!
    r"|(?:[0-2]?\d|3[01])([./-])(?:[0-2]?\d|3[01])\1(?:19|20)\d\d"  # 31.12.2026
    r"|(?:19|20)\d\d-(?:0\d|1[0-2])-(?:[0-2]\d|3[01])(?:t\d.*|\s\d.*)?|[0-2]?\d(?::[0-5]\d){1,2}"
)
EXTENSIONS = re.compile(
    r"\d[\s.,;:\-()]*"
    rf"(?:;\s*ext\s*=|[#*]|,,+|(?<![^\W\d_]){EXTENSION_WORDS}\s*[.:=-]*)"
    r"\s*[.:(]?\s*\d{1,8}\)?#?$"
)
BEFORE_NUMBER = re.compile(r"^[^\d+(]+")
SEPARATORS = frozenset("0123456789+ -./()")


def without_wrapping(text: str) -> str:
    """A canonical text without the quotation marks of a spreadsheet, without `tel:`, and without a
    comma or semicolon at its end.
    """
    inner = QUOTES.sub("", FOLLOWING.sub("", text)).strip()
    return SCHEME.sub("", inner, count=1) if SCHEME.match(inner) else inner


def refuse_other_kinds(
    text: str, typed: str, reading: Reading, e164_of: Callable[[str], str]
) -> None:
    """Raise NotANumber for what is not one number; `typed` is what the person wrote.

    `reading` knows the parts of the text. `e164_of` reads such a part, or raises NotANumber.
    """
    if AMOUNTS.fullmatch(text):
        raise NotANumber(SPREADSHEET, typed)
    if not digits_of(text):
        raise NotANumber(NO_DIGITS if shown(typed) else EMPTY, typed)
    if EXTENSIONS.search(text):
        raise NotANumber(EXTENSION, typed)
    if ADDRESSES.search(text):
        raise NotANumber(ADDRESS, typed)
    refuse_block(text, typed, reading, e164_of)
    if is_several(text, reading):
        raise NotANumber(TWO, typed)
    if any(character.isalpha() for character in text):
        raise NotANumber(LETTERS, typed)
    strange = next((character for character in text if character not in SEPARATORS), None)
    if strange is not None:
        name = strange if strange.isprintable() else f"U+{ord(strange):04X}"
        raise NotANumber(CHARACTER, typed, character=name)
    if "+" in text.lstrip("( ").lstrip("-")[1:]:
        raise NotANumber(PLUS_INSIDE, typed)


def refuse_block(text: str, typed: str, reading: Reading, e164_of: Callable[[str], str]) -> None:
    """Raise NotANumber for a block of numbers; the parameters are those of `refuse_other_kinds`."""
    block = find_block(text, reading)
    if block is not None:
        raise _block(block, text, typed, reading, e164_of)


def _block(
    block: Block,
    text: str,
    typed: str,
    reading: Reading,
    e164_of: Callable[[str], str],
) -> NotANumber:
    """The refusal of a block, with the ends and the single number that it may mean."""
    facts = {}
    if DASH.match(text) is not None and reading.is_complete(text):
        plus = "+" if text.lstrip("( ").startswith("+") else ""
        facts["number"] = plus + digits_of(text)
    ends = _ends(block, e164_of)
    if ends is not None:
        facts["first"], facts["last"] = ends
    template = {
        (False, False): BLOCK,
        (False, True): BLOCK_ENDS,
        (True, False): BLOCK_OR_ONE,
        (True, True): BLOCK_OR_ONE_ENDS,
    }["number" in facts, "first" in facts]
    return NotANumber(template, typed, **facts)


def _ends(block: Block, e164_of: Callable[[str], str]) -> tuple[str, str] | None:
    """The first and the last number of a block, if there is no doubt about them."""
    tail = digits_of(block.last)
    try:
        first = e164_of(BEFORE_NUMBER.sub("", block.first))
        if len(tail) <= LONGEST_ENDING:
            last = first[: -len(tail)] + tail
        else:
            last = f"+{tail}" if len(tail) == len(first) - 1 else e164_of(block.last)
    except NotANumber:
        return None
    return (first, last) if len(first) == len(last) and first < last else None
