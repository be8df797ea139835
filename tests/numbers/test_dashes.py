"""Numbers with dashes, slashes and brackets as people of each country write them: one number,
unless several are as likely.
"""

import re
from collections.abc import Iterator

import phonenumbers
import pytest
from phonenumbers import PhoneNumber, PhoneNumberFormat

from fusion.numbers.parse import parse_number
from fusion.numbers.written import BLOCK_OR_ONE, BLOCK_OR_ONE_ENDS, TWO, NotANumber

pytestmark = pytest.mark.pure

ENDINGS = ("", "0099", "000999", "00009999", "0001", "1234", "9900")
"""Last digits that the numbers get: those that look like the ends of a block, and others."""

STYLES = (PhoneNumberFormat.NATIONAL, PhoneNumberFormat.INTERNATIONAL)


def numbers_of(region: str) -> Iterator[PhoneNumber]:
    """Valid numbers of each type of the region."""
    for kind in range(11):
        example = phonenumbers.example_number_for_type(region, kind)
        if example is None:
            continue
        digits = phonenumbers.national_significant_number(example)
        for end in ENDINGS:
            number = PhoneNumber()
            number.merge_from(example)
            number.national_number = int(digits[: len(digits) - len(end)] + end)
            if phonenumbers.is_valid_number_for_region(number, region) and len(end) < len(digits):
                yield number


def dashed(text: str) -> set[str]:
    """The text with dashes in place of spaces: of all, the first, the last; without brackets."""
    return {
        text,
        text.replace(" ", "-"),
        text.replace(" ", "-", 1),
        "-".join(text.rsplit(" ", 1)),
        " - ".join(text.rsplit(" ", 1)),
        "–".join(text.rsplit(" ", 1)),
        re.sub(r"[^\d+]+", "-", text).strip("-"),
    }


def is_valid(text: str, region: str) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(text, region))
    except phonenumbers.NumberParseException:
        return False


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_numbers_of_each_country_with_dashes(region: str) -> None:
    for number in numbers_of(region):
        e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
        for style in STYLES:
            for text in dashed(phonenumbers.format_number(number, style)):
                try:
                    assert parse_number(text, country=region) == e164, text
                except NotANumber as refused:
                    before = re.split(r"\s*[-–]\s*", text)
                    assert len(e164) < 8 or (
                        refused.template in (BLOCK_OR_ONE, BLOCK_OR_ONE_ENDS)
                        and is_valid("-".join(before[:-1]), region)
                        and f"write {'' if style == STYLES[0] else e164}" in str(refused)
                    ), (text, str(refused))


def separated(region: str, number: PhoneNumber) -> Iterator[tuple[str, str | None]]:
    """(text, country) with slashes, dots and brackets, in international and in national form."""
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region, None)
    national = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    text = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    code, _, rest = text.partition(" ")
    area, _, line = rest.partition(" ")
    forms = [text.replace(" ", "/"), text.replace(" ", "."), f"({code}) {rest}", f"{code} / {rest}"]
    if line:
        forms += [f"{code} ({area}) {line}", f"{code} {area}/{line}", f"{code} {area} / {line}"]
    if line and metadata is not None and metadata.national_prefix == "0":
        forms += [
            f"{code} (0){area} {line}",
            f"{code} (0) {area} / {line}",
            f"{code} (0{area}) {line}",
        ]
        forms += [f"{code}(0){area}-{line}", f"{code} 0{area} {line}"]
    for form in forms:
        yield form, None
        yield form.replace("+", "00"), None
    area, _, line = national.partition(" ")
    forms = [national.replace(" ", "/"), national.replace(" ", ".")]
    for form in [*forms, *([f"({area}) {line}", f"{area} / {line}"] if line else [])]:
        yield form, region


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_numbers_of_each_country_with_other_separators(region: str) -> None:
    for kind in (0, 1, 3, 6, 7, 9):
        number = phonenumbers.example_number_for_type(region, kind)
        if number is None:
            continue
        e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
        for text, country in separated(region, number):
            try:
                assert parse_number(text, country=country) == e164, text
            except NotANumber as refused:
                # What precedes a slash may be a number by itself.
                assert len(e164) < 8 or (refused.template == TWO and "/" in text), str(refused)


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("+57 (0) 321-1234567", None, "+573211234567"),
        ("0912/123/456", "SK", "+421912123456"),
        ("02-5550-0099", "AU", "+61255500099"),
        ("0412-000-999", "AU", "+61412000999"),
        ("1300 000-999", "AU", "+611300000999"),
        ("021-312-00-99", "RO", "+40213120099"),
        ("+40 21 312-0099", None, "+40213120099"),
        ("08-555 000-99", "SE", "+46855500099"),
        ("+46-70-123-00-99", None, "+46701230099"),
        ("02/5920-0099", "SK", "+421259200099"),
        ("+421 2 592 000-99", None, "+421259200099"),
        ("8 (029) 491-00-99", "BY", "+375294910099"),
        ("+375 29 491-00-99", None, "+375294910099"),
        ("010-0000-9999", "KR", "+821000009999"),
        ("0800 000-9999", "GB", "+448000009999"),
        ("+39 02 1234-5678", None, "+390212345678"),
        ("22 345-678", "NO", "+4722345678"),
        ("+49 (0) 171 / 123 45 67", None, "+491711234567"),
        ("+43 (0) 2236 / 123456", None, "+432236123456"),
    ],
)
def test_groups_that_look_like_a_block(text: str, country: str | None, number: str) -> None:
    assert parse_number(text, country=country) == number


@pytest.mark.parametrize(
    ("text", "country"),
    [
        ("+4930555500-99", None),
        ("030 555500-99", "DE"),
        ("+352 27 12 00-99", None),
        ("+39 02 0000-9999", None),
        ("+43 1 53115-00 - 99", None),
        ("09 4255500-99", "FI"),
    ],
)
def test_blocks_of_open_numbering_plans(text: str, country: str | None) -> None:
    """Both are numbers: what precedes the dash, and the whole."""
    with pytest.raises(NotANumber, match="looks like a block of numbers"):
        parse_number(text, country=country)
