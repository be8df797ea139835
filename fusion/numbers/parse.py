"""Turns what people write into an E.164 number, or says precisely why it is not one.

Every number that enters comes through here: API, uploads, the portal's forms, and searches.
"""

import re
from dataclasses import dataclass
from functools import partial
from typing import Any

from phonenumbers import (
    COUNTRY_CODE_TO_REGION_CODE,
    CountryCodeSource,
    NumberParseException,
    PhoneMetadata,
    PhoneNumber,
    PhoneNumberFormat,
    ValidationResult,
    country_code_for_region,
    format_number,
    is_possible_number_with_reason,
    is_valid_number,
    is_valid_number_for_region,
    national_significant_number,
    parse,
    region_code_for_country_code,
)

from fusion.numbers.blocks import FEWEST_DIGITS, MOST_DIGITS, digits_of
from fusion.numbers.written import (
    AMBIGUOUS,
    LONGEST_TYPED,
    NO_AREA,
    NO_COUNTRY,
    NO_PLUS,
    NO_SUCH_CODE,
    NO_SUCH_LENGTH,
    NOT_THERE,
    PLUS_ZERO,
    TOO_LONG,
    TOO_LONG_THERE,
    TOO_SHORT,
    TOO_SHORT_THERE,
    UNUSUAL,
    CountryNeeded,
    NotANumber,
    canonical,
    refuse_block,
    refuse_other_kinds,
    without_wrapping,
)

E164 = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
BRACKETED = re.compile(r"\(\s*(\d)\s*\)")
"""The national prefix as people write it in an international number: +32 (0)2 …"""

FEWEST_NATIONAL = 9
"""Digits from which on a searched ending with a zero in front may be a whole national number."""

INTERNATIONAL = "00"
"""The international prefix in most countries; those of other countries are known by the library."""


def parse_number(text: str, *, country: str | None = None) -> str:
    """The E.164 number that `text` means; raises NotANumber.

    `country` (ISO 3166) is the one in which numbers without a country code are, if it is known.
    A number in E.164 is taken as it is, even if no country is known to have such numbers. In any
    other form its length must be possible in its country.
    """
    if E164.fullmatch(text) and not _has_trunk_zero(text):
        return text
    written = _read(text)
    refuse_other_kinds(
        written,
        text,
        _Reading(country),
        lambda part: parse_number(part, country=country),
    )
    digits = digits_of(written)
    if "+" in written:
        return _international(digits, written, text)
    if digits.startswith(INTERNATIONAL):
        return _after_zeros(digits, written, text, country)
    if country is None or country_code_for_region(country) == 0:
        raise _without_country(digits, text)
    return _national(digits, text, country)


def depends_on_country(text: str) -> bool:
    """Whether `text` may be a number in the form of some country, without a country code."""
    if E164.fullmatch(text) or len(text) > LONGEST_TYPED:
        return False
    written = without_wrapping(canonical(text))
    return "+" not in written and bool(digits_of(written))


def _read(text: str) -> str:
    """The text in canonical characters."""
    if len(text) > LONGEST_TYPED:
        raise NotANumber(TOO_LONG, text)
    return without_wrapping(canonical(text))


def _has_trunk_zero(e164: str) -> bool:
    """Whether a zero follows the country code."""
    return "0" in e164[2:5] and e164[1 + len(_calling_code(e164[1:])) :].startswith("0")


def _calling_code(digits: str) -> str:
    """The country calling code with which the digits begin; empty if there is none."""
    for length in (1, 2, 3):
        if digits[:length].isdigit() and int(digits[:length]) in COUNTRY_CODE_TO_REGION_CODE:
            return digits[:length]
    return ""


def _international(digits: str, written: str, text: str) -> str:
    """Digits that begin with a country code."""
    if digits.startswith("0"):
        raise NotANumber(PLUS_ZERO, text)
    if len(digits) > MOST_DIGITS + 1:
        raise NotANumber(TOO_LONG, text)
    code = _calling_code(digits)
    if not code:
        raise NotANumber(NO_SUCH_CODE, text)
    rest = digits[len(code) :]
    bracketed = BRACKETED.search(written)
    prefix = bracketed[1] if bracketed is not None else "0"
    try:
        number = parse(f"+{digits}")
    except NumberParseException as error:
        raise _refusal(error, text) from None
    without = rest.removeprefix(prefix)
    if rest != without and (
        without == national_significant_number(number)
        or (_is_valid(f"+{code}{without}") and not is_valid_number(number))
    ):
        if without.startswith("0"):
            return _international(code + without, "", text)
        rest = without
    plain = f"+{code}{rest}"
    if not E164.fullmatch(text):
        _require_possible(plain, number, text)
    return _bounded(plain, text)


def _bounded(e164: str, text: str) -> str:
    """The number, within the limits of E.164."""
    if len(e164) <= FEWEST_DIGITS:
        raise NotANumber(TOO_SHORT, text)
    if len(e164) > MOST_DIGITS + 1:
        raise NotANumber(TOO_LONG, text)
    return e164


def _require_possible(e164: str, number: PhoneNumber, text: str) -> None:
    """Require a length that numbers of its country have."""
    if e164 != format_number(number, PhoneNumberFormat.E164):
        rest = e164[1 + len(str(number.country_code)) :]
        zeros = len(rest) - len(rest.lstrip("0"))
        number = PhoneNumber(
            country_code=number.country_code,
            national_number=int(rest or 0),
            italian_leading_zero=zeros > 0 or None,
            number_of_leading_zeros=zeros or None,
        )
    reason = is_possible_number_with_reason(number)
    if reason == ValidationResult.IS_POSSIBLE or is_valid_number(number):
        return
    country = region_code_for_country_code(number.country_code or 0)
    if reason == ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
        raise NotANumber(NO_AREA, text)
    template = {
        ValidationResult.TOO_SHORT: TOO_SHORT_THERE,
        ValidationResult.TOO_LONG: TOO_LONG_THERE,
        ValidationResult.INVALID_COUNTRY_CODE: NO_SUCH_CODE,
    }.get(reason, NO_SUCH_LENGTH)
    raise NotANumber(template, text, country=_name(country, number))


def _name(country: str, number: PhoneNumber) -> str:
    """The country's code, or the calling code of numbers of no country."""
    return country if country.isalpha() else f"+{number.country_code}"


def _after_zeros(digits: str, written: str, text: str, country: str | None) -> str:
    """Digits after 00: an international number, unless 00 begins numbers of the country, too."""
    inland = _inland(digits, country)
    try:
        abroad = _international(digits.removeprefix(INTERNATIONAL), written, text)
    except NotANumber:
        if inland is not None:
            return inland
        raise
    if inland is not None and inland != abroad:
        raise NotANumber(AMBIGUOUS, text, number=abroad, other=inland)
    return abroad


def _inland(digits: str, country: str | None) -> str | None:
    """The valid number of the country with these digits in its national form, if there is one."""
    if country is None:
        return None
    try:
        number = _national(digits, digits, country)
    except NotANumber:
        return None
    return number if is_valid_number_for_region(parse(number), country) else None


def _without_country(digits: str, text: str) -> NotANumber:
    """The refusal of a number whose country is unknown."""
    if digits.startswith("0"):
        return CountryNeeded(NO_COUNTRY, text)
    if len(digits) > MOST_DIGITS:
        return CountryNeeded(TOO_LONG, text)
    if _is_possible(f"+{digits}"):
        return CountryNeeded(NO_PLUS, text, number=f"+{digits}")
    return CountryNeeded(NO_COUNTRY if len(digits) >= FEWEST_DIGITS else TOO_SHORT, text)


def _national(digits: str, text: str, country: str) -> str:
    """The number of `country` with these digits, if they are its usual national form."""
    try:
        number = parse(digits, country, keep_raw_input=True)
    except NumberParseException as error:
        raise _refusal(error, text) from None
    source = number.country_code_source
    e164 = format_number(number, PhoneNumberFormat.E164)
    if source == CountryCodeSource.FROM_NUMBER_WITH_IDD:
        return _international(e164[1:], "", text)
    usual = digits in _national_forms(number, country)
    if source != CountryCodeSource.FROM_DEFAULT_COUNTRY and not usual:
        raise NotANumber(NO_PLUS, text, number=e164)
    _require_possible(e164, number, text)
    if not usual:
        if not digits.startswith("0") and _is_possible(f"+{digits}"):
            raise NotANumber(AMBIGUOUS, text, number=e164, other=f"+{digits}")
        raise NotANumber(UNUSUAL, text, country=country, number=e164)
    if not _fits(number, country):
        raise NotANumber(NOT_THERE, text, country=country)
    return _international(e164[1:], "", text) if _has_trunk_zero(e164) else _bounded(e164, text)


def _fits(number: PhoneNumber, country: str) -> bool:
    """Whether numbers of the country can begin like this one."""
    metadata: Any = PhoneMetadata.metadata_for_region(country, None)
    pattern = metadata.general_desc.national_number_pattern
    return bool(re.fullmatch(pattern, national_significant_number(number)))


def _national_forms(number: PhoneNumber, country: str) -> tuple[str, ...]:
    """The digits of a number as people of its country write it."""
    usual = digits_of(format_number(number, PhoneNumberFormat.NATIONAL))
    return usual, _prefix(country) + national_significant_number(number)


def _prefix(country: str) -> str:
    metadata = PhoneMetadata.metadata_for_region(country, None)
    return (metadata and metadata.national_prefix) or ""


def _is_valid(text: str, country: str | None = None) -> bool:
    try:
        return bool(is_valid_number(parse(text, country)))
    except NumberParseException:
        return False


def _is_possible(text: str, country: str | None = None) -> bool:
    try:
        number = parse(text, country)
    except NumberParseException:
        return False
    return bool(is_possible_number_with_reason(number) == ValidationResult.IS_POSSIBLE)


@dataclass(frozen=True, slots=True)
class _Reading:
    """Reads a text as a number; one without a country code is of `country`, if that is known."""

    country: str | None

    def is_complete(self, text: str) -> bool:
        """Whether it is a possible number; without a country, whether it has enough digits."""
        international = self._international(text)
        if international is not None:
            return _is_possible(international)
        digits = digits_of(text)
        if self.country is not None and _is_possible(digits, self.country):
            return True
        return self.country is None and len(digits) >= FEWEST_DIGITS

    def is_valid(self, text: str) -> bool:
        """Whether a country has this number."""
        number = self._number(text)
        return number is not None and is_valid_number(number)

    def is_usual(self, text: str) -> bool:
        """Whether the digits are grouped as the library groups them."""
        number = self._number(text)
        if number is None:
            return False
        international = self._international(text) is not None
        style = PhoneNumberFormat.INTERNATIONAL if international else PhoneNumberFormat.NATIONAL
        groups = re.findall(r"[0-9]+", text)
        return groups == re.findall(r"[0-9]+", format_number(number, style))

    def _number(self, text: str) -> PhoneNumber | None:
        international = self._international(text)
        if international is None and self.country is None:
            return None
        try:
            return parse(international or digits_of(text), self.country)
        except NumberParseException:
            return None

    def _international(self, text: str) -> str | None:
        """The digits with a plus sign, if they begin with a country code."""
        digits = digits_of(text)
        if "+" in text:
            return f"+{digits}"
        return f"+{digits[2:]}" if digits.startswith(INTERNATIONAL) else None


class _Part(_Reading):
    """Reads a part of a number, of which no part is complete."""

    def is_complete(self, text: str) -> bool:
        """Never."""
        return False


def _refusal(error: NumberParseException, text: str) -> NotANumber:
    """What the library could not parse."""
    templates = {
        NumberParseException.INVALID_COUNTRY_CODE: NO_SUCH_CODE,
        NumberParseException.TOO_LONG: TOO_LONG,
    }
    return NotANumber(templates.get(error.error_type, TOO_SHORT), text)


def parse_prefix(text: str, *, country: str | None = None) -> str:
    """The first digits of E.164 numbers that `text` means, without a plus sign; NotANumber.

    It may be part of a number: `0475 12`, `+32 475`, but no block. Without a plus sign or leading
    zeros, the digits are taken as they are.
    """
    written = _read(text)
    refuse_other_kinds(written, text, _Part(None), parse_number)
    digits = digits_of(written)
    is_inland = "+" not in written and digits.startswith("0")
    if country is not None or not is_inland or digits.startswith(INTERNATIONAL):
        whole = written if is_inland or "+" in written else f"+{written}"
        refuse_block(whole, text, _Reading(country), partial(parse_number, country=country))
    if "+" in written or digits.startswith(INTERNATIONAL):
        plain = digits if "+" in written else digits.removeprefix(INTERNATIONAL)
        if plain.startswith("0"):
            raise NotANumber(PLUS_ZERO, text)
        code = _calling_code(plain)
        rest = plain[len(code) :]
        home = region_code_for_country_code(int(code)) if code else None
        if home is not None and home.isalpha() and _prefix(home) == "0":
            rest = rest.removeprefix("0")
        return _bounded_part(code + rest, text)
    if not digits.startswith("0"):
        return _bounded_part(digits, text)
    code = str((country and country_code_for_region(country)) or "")
    if country is None or not code:
        raise CountryNeeded(NO_COUNTRY, text)
    inland = digits[1:] if _prefix(country) == "0" else digits
    return _bounded_part(code + inland, text)


def parse_suffix(text: str, *, country: str | None = None) -> str:
    """The last digits of numbers, or of the whole number, that `text` means; NotANumber."""
    written = _read(text)
    refuse_other_kinds(written, text, _Part(None), parse_number)
    digits = digits_of(written)
    whole = "+" in written and len(digits) >= FEWEST_DIGITS
    if whole or is_national(digits):
        try:
            return parse_number(text, country=country).removeprefix("+")
        except NotANumber:
            if whole:
                raise
    return _bounded_part(digits, text)


def is_national(digits: str) -> bool:
    """Whether the last digits of a number may be a whole number in the form of some country."""
    return digits.startswith("0") and len(digits) >= FEWEST_NATIONAL


def _bounded_part(digits: str, text: str) -> str:
    """At most as many digits as a number has."""
    if len(digits) > MOST_DIGITS:
        raise NotANumber(TOO_LONG, text)
    return digits
