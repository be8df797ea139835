"""What people write becomes a number in E.164, or a refusal that repeats it and says why."""

import string
import unicodedata
from collections.abc import Callable
from typing import Any

import phonenumbers
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from fusion.numbers.blocks import FEWEST_DIGITS
from fusion.numbers.parse import E164, parse_number, parse_prefix
from fusion.numbers.written import (
    DASHES,
    INVISIBLE,
    LONGEST_SHOWN,
    PLUS,
    REFUSALS,
    NotANumber,
    shown,
)

pytestmark = pytest.mark.pure

BRUSSELS = "+3225550958"


@pytest.mark.parametrize(
    "text",
    [
        "+3225550958",
        " +3225550958 ",
        "+32 2 555 09 58",
        "+32.2.555.09.58",
        "+32-2-555-09-58",
        "+32–2—555−09‑58",
        "+32 2/555.09.58",
        "(+32) 2 555 09 58",
        "+32 (0)2 555 09 58",
        "+32(0)2/5550958",
        "+32[2]5550958",
        "+32 02 555 09 58",
        "+32025550958",
        "003225550958",
        "0032 (0)2 555 09 58",
        "00 (32) 2 555 09 58",
        "tel:+32-2-555-09-58",
        "TEL: +3225550958",
        "tel://+3225550958",
        "\u202a+3225550958\u202c",
        "\ufeff+32\u00a02\u202f555\u200909\u300058",
        "+32\u00ad25550\u200b958\u2060",
        "＋３２２５５５０９５８",
        "+٣٢٢٥٥٥٠٩٥٨",
        "'+3225550958",
        '="+3225550958"',
        "+3225550958\t\n",
        "+3225550958;",
        "+32 2 555 09 58 , ",
        '"+3225550958",',
    ],
)
@pytest.mark.parametrize("country", [None, "BE", "US", "DE"])
def test_international_forms(text: str, country: str | None) -> None:
    assert parse_number(text, country=country) == BRUSSELS


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("02 555 09 58", "BE", BRUSSELS),
        ("0475/12.34.56", "BE", "+32475123456"),
        ("(02) 555-09-58", "BE", BRUSSELS),
        ("030 55550", "DE", "+493055550"),
        ("030/5555-0", "DE", "+493055550"),
        ("+49 30 5555-0", None, "+493055550"),
        ("(312) 555-9100", "US", "+13125559100"),
        ("1-312-555-9100", "US", "+13125559100"),
        ("+1 312 555-9100", None, "+13125559100"),
        ("+43-1-234-56-78", None, "+4312345678"),
        ("011 32 2 555 09 58", "US", BRUSSELS),
        ("8 (495) 123-45-67", "RU", "+74951234567"),
        ("+7 (8) 495 123-45-67", None, "+74951234567"),
        ("0660-000000", "AT", "+43660000000"),
        ("+421-2-212-340-41", None, "+421221234041"),
        ("2190-9001", "UY", "+59821909001"),
        ("+49-15829-597935", None, "+4915829597935"),
        ("06 1234 5678", "IT", "+390612345678"),
        ("0320 000000", "IT", "+39320000000"),  # a mobile number, as it was dialled before 2001
        ("+39 (0)6 1234 5678", None, "+390612345678"),
        ("+44 (0)20 7946 0958", None, "+442079460958"),
        ("011 15-2345-6789", "AR", "+5491123456789"),
        ("+800 1234 5678", None, "+80012345678"),
        ("+14715550100", None, "+14715550100"),
        ("+1 310 0000", None, "+13100000"),
        ("310 0000", "CA", "+13100000"),
        ("+999123456789", None, "+999123456789"),
    ],
)
def test_national_and_other_forms(text: str, country: str | None, number: str) -> None:
    assert parse_number(text, country=country) == number


BLOCK, EXTENSION, TWO = "looks like a block", "has an extension", "more than one number"
SPREADSHEET = "was changed by a spreadsheet"


@pytest.mark.parametrize(
    ("text", "country", "reason"),
    [
        ("", None, "is empty"),
        (" \u00a0\u200b\ufeff", None, "is empty"),
        ("()-", None, "has no digits"),
        ("+", None, "has no digits"),
        ("+4930555500-99", None, BLOCK),
        ("+49 30 555500 - 99", None, BLOCK),
        ("+49 30 555500–99", None, BLOCK),
        ("+49 30 555500/-99", None, BLOCK),
        ("+49 30 555500..99", None, BLOCK),
        ("+49 30 555500…99", None, BLOCK),
        ("+49 30 555500-9", None, BLOCK),
        ("+49 30 555500 bis 99", None, BLOCK),
        ("+49 30 555500-00 bis -99", None, BLOCK),
        ("+49-30-555500-99", None, BLOCK),
        ("+49-30-5555-00-99", None, BLOCK),
        ("+32-2-555-01-00-19", None, BLOCK),
        ("030 555500-99", "DE", BLOCK),
        ("030 555500-99", None, BLOCK),
        ("+32 2 555 01 00-99", None, BLOCK),
        ("+3225550100 - +3225550199", None, BLOCK),
        ("025550100-025550199", None, BLOCK),
        ("+3225550958 x12", None, EXTENSION),
        ("+3225550958 ext. 5", None, EXTENSION),
        ("tel:+3225550958;ext=5", None, EXTENSION),
        ("02 555 09 58 poste 12", "BE", EXTENSION),
        ("+49 30 5555 Durchwahl 12", None, EXTENSION),
        ("+49 30 5555 (DW 12)", None, EXTENSION),
        ("+3225550958 #12", None, EXTENSION),
        ("+3225550958,,12", None, EXTENSION),
        ("+3225550958 / +3225550959", None, TWO),
        ("+3225550958/59", None, TWO),
        ("+3225550958+3225550959", None, TWO),
        ("+3225550958;+3225550959", None, TWO),
        ("+3225550958, 59", None, TWO),
        ("+3225550958 or +3225550959", None, TWO),
        ("025550958 oder 025550959", "BE", TWO),
        ("+3225550958\n+3225550959", None, TWO),
        ("0660-0000000-9", "AT", BLOCK),
        ("1-800-FLOWERS", "US", "has letters"),
        ("+32 2 555 O9 58", None, "has letters"),
        ("+32 2 555 09 5*", None, "has *,"),
        ("+32 2 555\u000009 58", None, "has U+0000,"),
        ("3,22556E+11", None, SPREADSHEET),
        ("3.22556E+11", "BE", SPREADSHEET),
        ("3225550958.0", None, SPREADSHEET),
        ("3,225,550,958", None, SPREADSHEET),
        ("##########", None, SPREADSHEET),
        ("sip:+3225550958@example.com", None, "is an address"),
        ("tel:+3225550958;phone-context=+32", None, "is an address"),
        ("32+25550958", None, "a plus sign that is not at its beginning"),
        ("+0032 2 555 09 58", None, "a zero after the plus sign"),
        ("+0475 12 34 56", None, "a zero after the plus sign"),
        ("3225550958", None, "has no plus sign; if it begins with a country code, write +32255509"),
        ("3225550958", "BE", "has no plus sign; if it begins with a country code, write +32255509"),
        ("3225550958", "DE", "can mean +493225550958 or +3225550958"),
        ("02 555 09 58", None, "has no country code"),
        ("02 555 09 58", "XX", "has no country code"),
        ("25550958", "BE", "incomplete as a number of BE; if that is the country, write +32255509"),
        ("0475 12 34 56", "US", "is not a phone number of US"),
        ("555-0100", "US", "has no area code"),
        ("+32 2 555", None, "too few digits for a phone number of BE"),
        ("+32 2 555 09 58 77 66", None, "too many digits for a phone number of BE"),
        ("+32 2 555 09 58 77 66 55 44 33", None, "too many digits for a phone number"),
        ("+999 1234567", None, "a country code that does not exist"),
        ("12", None, "too few digits"),
        ("+" + "3" * 500, None, "too many digits"),
    ],
)
def test_refusals(text: str, country: str | None, reason: str) -> None:
    with pytest.raises(NotANumber) as refused:
        parse_number(text, country=country)
    assert reason in str(refused.value)
    assert shown(text) in str(refused.value)


def test_a_block_that_may_be_one_number_says_how_to_write_that() -> None:
    with pytest.raises(NotANumber, match=r"If it is one number, write \+493055550099$"):
        parse_number("+49 30 555500-99")
    with pytest.raises(NotANumber, match=r"such as \+3225550100 and \+3225550199$"):
        parse_number("+32 2 555 01 00-99")


# Random valid numbers of all countries, and the ways in which people write them.

TYPES = (
    PhoneNumberType.FIXED_LINE,
    PhoneNumberType.MOBILE,
    PhoneNumberType.TOLL_FREE,
    PhoneNumberType.SHARED_COST,
    PhoneNumberType.PREMIUM_RATE,
    PhoneNumberType.VOIP,
    PhoneNumberType.UAN,
)
EXAMPLES = [
    (region, number)
    for region in sorted(phonenumbers.SUPPORTED_REGIONS)
    for type in TYPES
    if (number := phonenumbers.example_number_for_type(region, type)) is not None
    and phonenumbers.region_code_for_number(number) == region
]
SPACES = " \u00a0\u2007\u2009\u202f\u3000\t"
HYPHENS = "-\u2010\u2011\u2012\u2013\u2014\ufe63\uff0d" + DASHES
GROUPED = st.sampled_from([*SPACES, *HYPHENS, ".", "·", "  ", " - ", ". "])
Draw = Callable[[st.SearchStrategy[Any]], Any]
HIDDEN = [*INVISIBLE[:10], *"\u00ad\u200b\u200c\u200d\u200e\u202a\u202c\u2060\u2066\u2069\ufeff"]


@st.composite
def numbers(draw: st.DrawFn) -> tuple[str, phonenumbers.PhoneNumber]:
    """A country and one of its valid numbers."""
    region, sample = draw(st.sampled_from(EXAMPLES))
    significant = phonenumbers.national_significant_number(sample)
    kept = draw(st.integers(2, len(significant)))
    ending = draw(st.text("0123456789", min_size=(size := len(significant) - kept), max_size=size))
    number = phonenumbers.parse(f"+{sample.country_code}{significant[:kept]}{ending}")
    assume(phonenumbers.is_valid_number_for_region(number, region))
    written = significant[:kept] + ending
    assume(phonenumbers.national_significant_number(number) == written)
    assume(len(f"{number.country_code}{written}") >= FEWEST_DIGITS)
    assume(written[-1] != "9" and written[-4:-2] not in ("19", "20"))  # …00-99, and dates
    return region, number


@st.composite
def decorated(draw: st.DrawFn, text: str) -> str:
    """`text` with other digits, separators and spaces, and with invisible characters."""
    zero = draw(st.sampled_from("0\uff10\u0660\u0966"))
    swapped = (chr(ord(zero) + int(each)) if each in string.digits else each for each in text)
    plus = draw(st.sampled_from(PLUS[:2]))
    hidden = st.text(st.sampled_from(HIDDEN), max_size=2)
    spread = "".join(draw(hidden) + each.replace("+", plus) for each in swapped) + draw(hidden)
    around = st.text(st.sampled_from([*SPACES, "\n"]), max_size=2)
    return draw(around) + spread + draw(around)


def international(number: phonenumbers.PhoneNumber, draw: Draw) -> str:
    text = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    separator = draw(GROUPED)
    text = "".join(separator if each in " -./" else each for each in text)
    match draw(st.integers(0, 4)):
        case 0:
            return text.replace("+", "00", 1)
        case 1:
            return text.replace("+", "00 ", 1)
        case 2:
            code = f"+{number.country_code}"
            return f"({code}){text[len(code) :]}"
        case 3:
            return f"+ {text[1:]}"
    return text


def rfc3966(number: phonenumbers.PhoneNumber, draw: Draw) -> str:
    return phonenumbers.format_number(number, PhoneNumberFormat.RFC3966)


def digits(number: phonenumbers.PhoneNumber, draw: Draw) -> str:
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


FORMS: tuple[Callable[[phonenumbers.PhoneNumber, Draw], str], ...] = (
    international,
    rfc3966,
    digits,
)


@given(st.data(), numbers(), st.sampled_from(FORMS))
@settings(max_examples=200)
def test_every_international_form_is_the_number(
    data: st.DataObject,
    found: tuple[str, phonenumbers.PhoneNumber],
    form: Callable[[phonenumbers.PhoneNumber, Draw], str],
) -> None:
    region, number = found
    text = data.draw(decorated(form(number, data.draw)))
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    for country in (None, region, "BE"):
        assert parse_number(text, country=country) == e164, text


@given(st.data(), numbers())
@settings(max_examples=200)
def test_every_national_form_is_the_number_in_its_country_and_refused_without(
    data: st.DataObject, found: tuple[str, phonenumbers.PhoneNumber]
) -> None:
    region, number = found
    form = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    separator = data.draw(GROUPED)
    form = "".join(separator if each in " -." else each for each in form)
    text = data.draw(decorated(form))
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    assert parse_number(text, country=region) == e164
    with pytest.raises(NotANumber) as refused:
        parse_number(text)
    assert shown(text) in str(refused.value)


TEXTS = st.one_of(
    st.text(max_size=60),
    st.text(st.sampled_from(string.digits + "+-/.()x ,;E#…–\u200b\u00a0"), max_size=30),
    st.text(st.characters(categories=["Nd", "Pd", "Zs", "Cf", "Ps", "Pe"]), max_size=30),
    st.text(min_size=190, max_size=300),
)


@given(TEXTS, st.sampled_from([None, "BE", "DE", "US", "IT", "AR", "JP", "XX", "001"]))
@settings(max_examples=200)
@example("+", None)
@example("tel:", "BE")
@example("+1" + "0" * 13, "US")
@example("0" * 17, "JP")
@example("0320000000", "IT")
@example("+61 00126531540", None)
@example("00766123066", "JP")
def test_any_text_is_a_number_or_refused_with_the_text(text: str, country: str | None) -> None:
    for read in (parse_number, parse_prefix):
        try:
            result = read(text, country=country)
        except NotANumber as refused:
            assert refused.template in REFUSALS
            assert shown(text) in str(refused)
        else:
            if read is parse_number:
                assert E164.fullmatch(result)
                assert parse_number(result, country=country) == result
            else:
                assert len(result) <= 15
                assert set(result) <= set(string.digits)


@given(st.text(max_size=80))
def test_a_text_is_shown_as_one_visible_line(text: str) -> None:
    line = shown(text)
    assert len(line) <= LONGEST_SHOWN
    assert all(unicodedata.category(each) not in ("Cc", "Cf", "Cs") for each in line)
    assert line == " ".join(line.split())
