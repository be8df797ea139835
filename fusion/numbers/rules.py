"""Rules of numbers: their format, their countries and types, and which ranges are valid."""

import re
from collections.abc import Iterator

from phonenumbers import (
    NumberParseException,
    PhoneNumber,
    PhoneNumberType,
    country_code_for_region,
    is_valid_number_for_region,
    number_type,
    parse,
    region_codes_for_country_code,
)

from fusion.kernel.countries import NO_COUNTRY
from fusion.kernel.errors import InvalidFields

E164 = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)

MAX_RANGE = 1_000_000
"""Most numbers in one range."""

MAX_NUMBERS = 1_000
"""Most numbers in one assignment, reservation or port-in."""

MAX_RESERVATION_DAYS = 366
"""Longest reservation, in days."""

MAX_PORT_DAYS = 366
"""How far ahead a port may be, in days."""

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


# What helps if the library does not know a number or its type; the end of a refusal.
ACCEPT_IN_RANGE = (
    "if you have it nevertheless, accept unknown numbers (`accept_unknown`) with a `reason`"
)
ACCEPT_TO_PORT = (
    "if it exists nevertheless, give its number type (`sku`) and accept unknown numbers "
    "(`accept_unknown`) with a `reason`"
)
REQUEST_TO_PORT = (
    "if it exists nevertheless, send a port request with its number type (`sku`), "
    "`accept_unknown` and a `reason`"
)


def wrong_number(e164: str, *, country: str, type: str) -> str | None:
    """Why this is not a number of that country and type; None if it is one."""
    number = _parsed(e164)
    if number is None or not is_valid_number_for_region(number, country):
        return f"{e164} is not a valid phone number of {country}"
    found = TYPES.get(number_type(number), ("national",))
    if type not in found:
        return f"{e164} is a {' or '.join(found) or 'number of unknown type'}, not a {type} number"
    return None


def require_reason(accept_unknown: bool, reason: str | None) -> None:
    """Problem `invalid-fields` unless unknown numbers are accepted with a reason, and only then."""
    if accept_unknown and reason is None:
        raise InvalidFields(reason="is required with `accept_unknown`")
    if reason is not None and not accept_unknown:
        raise InvalidFields(reason="is allowed only with `accept_unknown`")


def wrong_unknown_number(e164: str, *, country: str) -> str | None:
    """Why the provider's word does not make this a number of that country; None if it does.

    Its country code must be the country's: other digits would be a mistake.
    """
    found = calling_code(e164)
    if country == NO_COUNTRY:
        regions = region_codes_for_country_code(found) if found else ()
        if regions in ((), (NO_COUNTRY,)):
            return None
        return f"{e164} begins with the country code of {regions[0]}, so it has a country"
    code = country_code_for_region(country)
    if found != code:
        return f"{e164} does not begin with +{code}, the country code of {country}"
    return None


def wrong_range(
    first: str, last: str, *, country: str, type: str, unknown: bool = False
) -> dict[str, str]:
    """Field → message if these are not the ends of a range of such numbers.

    `unknown`: the provider accepts numbers that the library does not know.

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
    if unknown:
        found = {
            name: wrong_unknown_number(n, country=country)
            for name, n in (("first", first), ("last", last))
        }
        return {name: wrong for name, wrong in found.items() if wrong is not None}
    for number in samples(low, high):
        wrong = wrong_number(f"+{number}", country=country, type=type)
        if wrong is not None:
            if wrong_unknown_number(f"+{number}", country=country) is None:
                wrong = f"{wrong}; {ACCEPT_IN_RANGE}"
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
