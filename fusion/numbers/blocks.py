"""Texts that name several numbers: blocks written short, and several numbers in one field.

All texts here are canonical, see `written.py`. What is found is refused, never expanded: whether it
is meant, only a person knows.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

LONGEST_ENDING = 5
"""Most digits of the end of a block that is written short, as in …500-99."""

FEWEST_OF_ONE = 6
"""From this many digits on, a part of a text is a number of its own."""

FEWEST_OF_GROUP = 4
"""From this many digits on, the end of a text of few digits is a group and no short ending."""

FEWEST_DIGITS = 7

MOST_DIGITS = 15
"""Most digits of a number, the country code included (E.164)."""

LONGEST_SPLIT = 80
"""Most characters of a text that is searched for two numbers without a separator between them."""


class Reading(Protocol):
    """What is known of a text, or of a part of it, as a number of its country."""

    def is_complete(self, text: str) -> bool:
        """Whether it is a possible number."""

    def is_valid(self, text: str) -> bool:
        """Whether it is a number that its country has."""

    def is_usual(self, text: str) -> bool:
        """Whether its digits are grouped as people of its country group those of such a number."""


@dataclass(frozen=True, slots=True)
class Block:
    """The first number of a block, and the last one or only its last digits; empty if unclear."""

    first: str = ""
    last: str = ""


def digits_of(text: str) -> str:
    """The digits of a canonical text."""
    return "".join(character for character in text if "0" <= character <= "9")


def any_of(words: str) -> str:
    """A pattern of the words, which are patterns separated by spaces."""
    return "(?:" + "|".join(words.split()) + ")"


TO_WORDS = any_of(
    r"bis to till until thru through tot tot\sen\smet t/m t\.?e\.?m\.? au à al do a hasta"
    r" up\sto jusqu['’]?(?:à|au)"
)
AND_WORDS = any_of(r"or ou oder of o und and et en y e of/en und/oder and/or")
SIGNS = r"/\s*-+|\.{2,}|-{2,}|[-=]*>|~|÷|:|\(\s*-"

TO = re.compile(
    rf"^(?P<first>.*\d)[\s)]*(?:{SIGNS}|(?<![^\W\d_]){TO_WORDS}(?![^\W\d_]))"
    r"(?P<last>[\s.(-]*\+?\s*\d[\d\s./()-]*)$",
    re.DOTALL,
)
DASH = re.compile(r"^(?P<first>.*\d)[\s)]*-\s*(?P<last>\+?[\d\s]*\d)$")
SLASH = re.compile(r"^(?P<first>.*\d)\s*/\s*(?P<last>\d{1,3})$")
SLASHES = re.compile(r"^(?P<first>.*?\d)(?:\s*/\s*\d{1,3})+$")
MORE = re.compile(r"^(?P<first>.*\d)\s*\(?\s*(?:\+|plus)\s*\d{1,4}\s*\)?$")
SET = re.compile(
    r"^(?P<base>.*\d)[\s.]*\(\s*(?P<low>\d{1,5})\s*(?:-+|\.{2,}|/|~|:)\s*(?P<high>\d{1,5})\s*\)$"
)
SETS = re.compile(r"^(?P<base>.*\d)[\s.]*(?P<sets>(?:\(\d-\d\))+)(?:\((?P<times>[1-5])\))?$")
ZERO_TO_NINES = re.compile(
    r"^(?P<base>.*?\d)[\s.-]*(?P<low>(?<=[\s.-])0|00+)[\s)]*-\s*(?P<high>9{2,5})$"
)
WILD = re.compile(r"^(?P<base>.*\d)[\s.-]*(?P<wild>x{2,5}|n{2,5}|[*?#_]{2,5}|(?:\\d){1,5}|%)$")
BETWEEN_NUMBERS = re.compile(rf"[;,|&\n]|(?<=\s){AND_WORDS}(?=\s)")


def find_block(text: str, reading: Reading) -> Block | None:
    """The block that the text names: `…00-99`, `…[00-99]`, `…00..99`, `…xx`, `…500/-99`.

    A dash also separates groups of digits. It separates two numbers if what precedes it is a
    possible number, and what follows it is higher than the same number of digits before it. With
    dashes throughout, short groups are groups of one number, except after 00, 000 and so on. A text
    that is valid as a whole is one number if what precedes the dash is none, or if only the whole
    is grouped as its country does.
    """
    is_complete = reading.is_complete
    for found in (_of_endings(text), _of_any_digits(text)):
        if found is not None and is_complete(found.first):
            return found
    found = _of_zero_to_nines(text)
    if found is not None and is_complete(found.first):
        return None if _is_one_number(text, found, reading) else found
    return _of_separated(text, reading)


def _of_separated(text: str, reading: Reading) -> Block | None:
    """Two ends with a word or sign between them."""
    is_complete = reading.is_complete
    to = TO.match(text)
    if to is not None and is_complete(to["first"]):
        return _ordered(to["first"], to["last"])
    more = MORE.match(text)
    if more is not None and is_complete(more["first"]):
        return Block()
    slash = SLASH.match(text)
    if slash is not None and is_complete(slash["first"]):
        block = Block(slash["first"], slash["last"])
        ends = _is_zeros_to_nines(digits_of(block.first), block.last)
        return block if ends and not _is_one_number(text, block, reading) else None
    return _of_dash(text, reading)


def _of_endings(text: str) -> Block | None:
    """`…[00-99]`, `…[0-9][0-9]`, `…[0-9]{2}`."""
    sets = SETS.match(text)
    if sets is not None:
        digits = digits_of(sets["sets"])
        times = int(sets["times"] or 1)
        low, high = digits[::2] * times, digits[1::2] * times
        return Block(sets["base"] + low, high) if low <= high else None
    one = SET.match(text)
    if one is None or int(one["low"]) >= int(one["high"]):
        return None
    return Block(one["base"] + one["low"].zfill(len(one["high"])), one["high"])


def _of_any_digits(text: str) -> Block | None:
    """`…xx`, `…**`, `…%`: any digits."""
    wild = WILD.match(text)
    if wild is None or wild["wild"] == "%":
        return None
    count = len(wild["wild"].replace("\\d", "0"))
    return Block(wild["base"] + "0" * count, "9" * count)


def _of_zero_to_nines(text: str) -> Block | None:
    """`…0-99`: the 0 means 00."""
    found = ZERO_TO_NINES.match(text)
    if found is None or len(found["low"]) >= len(found["high"]):
        return None
    return Block(found["base"] + found["low"].zfill(len(found["high"])), found["high"])


def _of_dash(text: str, reading: Reading) -> Block | None:
    dash = DASH.match(text)
    if dash is None or not reading.is_complete(dash["first"]):
        return None
    first, last = digits_of(dash["first"]), digits_of(dash["last"])
    tail = first[-len(last) :]
    one = reading.is_complete(text)
    if one and _is_one_number(text, Block(dash["first"], last), reading):
        return None
    if len(last) > LONGEST_ENDING:
        whole = len(last) >= FEWEST_OF_ONE and len(first) >= FEWEST_DIGITS
        # +49-15829-597935: three groups of one number
        grouped = one and "-" in dash["first"] and len(last) < len(first)
        return _ordered(dash["first"], dash["last"]) if whole and not grouped else None
    if last <= tail:
        return Block() if len(last) > 2 and not one else None
    group = re.split(r"\D+", dash["first"])[-1]
    grouped = "-" in dash["first"] and len(last) > 1 and len(group) < LONGEST_ENDING
    grouped |= len(first) < FEWEST_OF_ONE and len(last) >= FEWEST_OF_GROUP  # 2190-9001
    if one and grouped and not _is_zeros_to_nines(first, last):
        return None
    return Block(dash["first"], dash["last"])


def _is_one_number(text: str, block: Block, reading: Reading) -> bool:
    """Whether the text is a number and no such block: without its end it is none, or a number whose
    digits are grouped otherwise, or the end is a usual group and no usual end of a block.
    """
    if not reading.is_valid(text):
        return False
    if not reading.is_valid(block.first):
        return True
    round_block = digits_of(block.first)[-1] == "0" and block.last[-1] == "9"
    grouped = len(block.last) >= FEWEST_OF_GROUP and not round_block
    return reading.is_usual(text) and (grouped or not reading.is_usual(block.first))


def _ordered(first: str, last: str) -> Block:
    """The block, without its ends if the last one is lower than the first one."""
    digits, high = digits_of(first), digits_of(last)
    if len(high) <= LONGEST_ENDING and high <= digits[-len(high) :]:
        return Block()
    return Block(first, last)


def _is_zeros_to_nines(first: str, last: str) -> bool:
    return (set(first[-len(last) :]), set(last)) == ({"0"}, {"9"})


def is_several(text: str, reading: Reading) -> bool:
    """Whether the text has several numbers, or several endings of one."""
    is_complete = reading.is_complete
    parts = [part for part in BETWEEN_NUMBERS.split(text) if digits_of(part)]
    if len(parts) > 1:
        return True
    numbers = [part for part in text.split("/") if len(digits_of(part)) >= FEWEST_OF_ONE]
    # +49 (0) 171 / 123 45 67: only the whole is a number
    one = reading.is_valid(text) and not any(map(reading.is_valid, numbers))
    if len(numbers) > 1 and not one:
        return True
    for pattern in (SLASH, SLASHES):
        slash = pattern.match(text)
        one = slash is not None and reading.is_valid(text) and not reading.is_valid(slash["first"])
        if slash is not None and is_complete(slash["first"]) and not one:
            return True
    pluses = [part for part in text.split("+")[1:] if len(digits_of(part)) >= FEWEST_OF_ONE]
    return len(pluses) > 1 or _is_two_in_a_row(text, reading)


def _is_two_in_a_row(text: str, reading: Reading) -> bool:
    """Whether two numbers follow each other with nothing special between them."""
    is_complete = reading.is_complete
    count = len(digits_of(text))
    if count <= 2 * FEWEST_DIGITS or len(text) > LONGEST_SPLIT:
        return False
    if reading.is_valid(text) or (count <= MOST_DIGITS and is_complete(text)):
        return False
    return any(is_complete(left) and is_complete(right) for left, right in _splits(text))


def _splits(text: str) -> Iterator[tuple[str, str]]:
    """The text in two parts, of which the second begins like a number."""
    for i, character in enumerate(text):
        if character in "+0" and i and len(digits_of(text[:i])) >= FEWEST_DIGITS:
            left, right = text[:i].rstrip(" -./()"), text[i:]
            if len(digits_of(right)) >= FEWEST_DIGITS:
                yield left, right
