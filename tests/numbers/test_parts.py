"""The beginning or the end of a number, as people write it to find numbers."""

import pytest

from fusion.numbers.parse import parse_prefix, parse_suffix
from fusion.numbers.written import NotANumber, shown
from tests.numbers.test_parse import SPREADSHEET

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    ("text", "country", "digits"),
    [
        ("+32 475", None, "32475"),
        ("0032 475", None, "32475"),
        ("+32 (0)475", None, "32475"),
        ("32475", None, "32475"),
        ("0475 12", "BE", "3247512"),
        ("0", "BE", "32"),
        ("06 12", "IT", "390612"),
        ("00", None, ""),
        ("\u202a+32\u00a04", None, "324"),
        ("+39 06", None, "3906"),
        ("02 555", "BE", "322555"),
        ("02-555", "BE", "322555"),
        ("+32 2 555-07-19", None, "3225550719"),
        ("+32 2 555-07", None, "32255507"),
    ],
)
def test_the_beginning_of_a_number(text: str, country: str | None, digits: str) -> None:
    assert parse_prefix(text, country=country) == digits


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("0475 12", "has no country code"),
        ("+0475", "a zero after the plus sign"),
        ("+", "has no digits"),
        ("47x", "has letters"),
        ("1" * 16, "too many digits"),
        ("3,2E+10", SPREADSHEET),
        ("+3225550719-99", "such as +3225550719 and +3225550799"),
        ("003225550719-99", "looks like a block of numbers"),
        ("3225550719-99", "looks like a block of numbers"),
    ],
)
def test_refused_beginnings(text: str, reason: str) -> None:
    with pytest.raises(NotANumber) as refused:
        parse_prefix(text)
    assert reason in str(refused.value)
    assert shown(text) in str(refused.value)


def test_the_ending_of_a_number() -> None:
    assert parse_suffix("09-58") == "0958"
    assert parse_suffix("0000000") == "0000000"
    with pytest.raises(NotANumber, match="has letters"):
        parse_suffix("09ab")


def test_the_ending_may_be_the_whole_number() -> None:
    for text in ("+3225550719", "0032 2 555 07 19", "+32 (0)2 555 07 19", "02 555 07 19"):
        assert parse_suffix(text, country="BE") == "3225550719"
    assert parse_suffix("02 555 07 19") == "025550719"
    assert parse_suffix("0012345678", country="BE") == "0012345678"
    with pytest.raises(NotANumber, match="looks like a block"):
        parse_suffix("+3225550719-99")
