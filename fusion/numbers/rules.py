"""Rules of numbers: their format, their countries and types, and which ranges are valid."""

import re
from collections.abc import Iterator

from phonenumbers import (
    NumberParseException,
    PhoneNumber,
    PhoneNumberType,
    is_valid_number_for_region,
    number_type,
    parse,
    region_codes_for_country_code,
)

E164 = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)

MAX_RANGE = 1_000_000
"""Most numbers in one range."""

MAX_NUMBERS = 1_000
"""Most numbers in one assignment, reservation or port-in."""

MAX_RESERVATION_DAYS = 366
"""Longest reservation, in days."""

BLOCK = 100
"""A range is checked at both ends of every block of this many numbers: see `wrong_range`."""

TYPES: dict[int, tuple[str, ...]] = {
    PhoneNumberType.FIXED_LINE: ("geographic",),
    PhoneNumberType.FIXED_LINE_OR_MOBILE: ("geographic", "mobile"),
    PhoneNumberType.MOBILE: ("mobile",),
    PhoneNumberType.TOLL_FREE: ("toll_free",),
    PhoneNumberType.SHARED_COST: ("shared_cost",),
    PhoneNumberType.PREMIUM_RATE: ("premium_rate",),
    PhoneNumberType.VOIP: ("voip",),
    PhoneNumberType.UNKNOWN: (),
}
"""Type in `phonenumbers` → number types of SKUs; every other type counts as a national number."""


def number_types(e164: str) -> tuple[str, ...]:
    """The number types that a SKU for this number may have; empty if it is not a number."""
    number = _parsed(e164)
    return () if number is None else TYPES.get(number_type(number), ("national",))


def countries(e164: str) -> tuple[str, ...]:
    """The countries in which this number is valid: several if they share a calling code."""
    number = _parsed(e164)
    if number is None:
        return ()
    regions = region_codes_for_country_code(number.country_code or 0)
    return tuple(region for region in regions if is_valid_number_for_region(number, region))


def calling_code(e164: str) -> int:
    """The country calling code of a number; several countries may share it."""
    number = _parsed(e164)
    return (number and number.country_code) or 0


def wrong_number(e164: str, *, country: str, type: str) -> str | None:
    """Why this is not a number of that country and type; None if it is one."""
    number = _parsed(e164)
    if number is None or not is_valid_number_for_region(number, country):
        return f"{e164} is not a valid phone number of {country}"
    found = TYPES.get(number_type(number), ("national",))
    if type not in found:
        return f"{e164} is a {' or '.join(found) or 'number of unknown type'}, not a {type} number"
    return None


def wrong_range(first: str, last: str, *, country: str, type: str) -> dict[str, str]:
    """Field → message if these are not the ends of a range of such numbers.

    Invariant: every sample of a valid range has the same length, country and type; the samples are
    the ends of the range and of every block of a hundred. Numbering plans are divided at hundreds
    or above, so the numbers between are of the same kind; checking each of a million numbers would
    take half a minute and find nothing more.
    """
    if len(first) != len(last):
        return {"last": "must have the same number of digits as `first`"}
    low, high = int(first[1:]), int(last[1:])
    if high < low:
        return {"last": "must not be lower than `first`"}
    if high - low + 1 > MAX_RANGE:
        return {"last": f"must give a range of at most {MAX_RANGE} numbers"}
    for number in samples(low, high):
        wrong = wrong_number(f"+{number}", country=country, type=type)
        if wrong is not None:
            return {"first" if number == low else "last": wrong}
    return {}


def samples(low: int, high: int) -> Iterator[int]:
    """Both ends, and both ends of every block of `BLOCK` between them, without repetition,
    ascending.
    """
    yield low
    for end in range(low - low % BLOCK + BLOCK, high + 1, BLOCK):
        if end - 1 > low:
            yield end - 1
        if end < high:
            yield end
    if high > low:
        yield high


def _parsed(e164: str) -> PhoneNumber | None:
    try:
        return parse(e164)
    except NumberParseException:
        return None
