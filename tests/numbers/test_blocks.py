"""Blocks written short, and several numbers in one field: refused, whatever their spelling."""

from collections.abc import Callable

import phonenumbers
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat

from fusion.numbers.parse import parse_number
from fusion.numbers.written import (
    BLOCK,
    BLOCK_ENDS,
    BLOCK_OR_ONE,
    BLOCK_OR_ONE_ENDS,
    TWO,
    NotANumber,
)
from tests.numbers.test_parse import numbers

pytestmark = pytest.mark.pure

BLOCKS = (BLOCK, BLOCK_ENDS, BLOCK_OR_ONE, BLOCK_OR_ONE_ENDS)

ENDS = "give its first and last number, such as +3225551200 and +3225551299"


def refusal(text: str, country: str | None = None) -> NotANumber:
    """Why the text is not one number."""
    with pytest.raises(NotANumber) as refused:
        parse_number(text, country=country)
    return refused.value


@pytest.mark.parametrize(
    "text",
    [
        "+32255512[00-99]",
        "+32 2 555 12 (00-99)",
        "+32 2 555 12 {00..99}",
        "+32255512{0..99}",
        "+32255512[0-99]",
        "+32255512[0-9][0-9]",
        "+32255512[0-9]{2}",
        "+32255512\\d\\d",
        "+32255512xx",
        "+32255512 XX",
        "+32255512**",
        "+32255512??",
        "+32255512##",
        "+32 2 555 12 00 - 99",
        "+32 2 555 12 00 (-99)",
        "+3225551200-1299",
        "+3225551200-51299",
        "+322555 1200-1299",
        "+3225551200..99",
        "+3225551200…99",
        "+3225551200 ... +3225551299",
        "0032 2 555 12 00/99",
        "00 32 25551200 /99",
        "+3225551200 to 99",
        "+3225551200 to +3225551299",
        "from +3225551200 to +3225551299",
        "von +3225551200 bis +3225551299",
        "de +3225551200 à +3225551299",
        "van +3225551200 tot en met +3225551299",
        "+3225551200 jusqu’à 99",
        "+3225551200 up to 99",
        "+3225551200 -> 99",
        "+3225551200 → +3225551299",
        "+3225551200~99",
        "+3225551200:99",
        "+3225551200-3225551299",
        "+3225551200 – +3225551299",
        "+3225551200--99",
        "02 555 12 00-99",
        "02/555.12.00-99",
        "02 555 12 00 / 99",
        "02 555 12 xx",
        "02 555 12 00 - 02 555 12 99",
    ],
)
def test_a_block_is_named_with_its_ends(text: str) -> None:
    found = refusal(text, "BE")
    assert found.template in BLOCKS
    assert ENDS in str(found)


@pytest.mark.parametrize("text", ["+3225551200-0099", "+3225551200 (+99)", "+3225551200 plus 99"])
def test_a_block_whose_end_is_unclear_is_named_without(text: str) -> None:
    assert refusal(text).template == BLOCK


@pytest.mark.parametrize(
    "text",
    [
        "+3225551200/01/02",
        "+3225551200, 01, 02",
        "+3225551200 & 01",
        "003225551200 003225551299",
        "+3225551200 003225551299",
        "+3225551200 0475123456",
        "02 555 12 00 02 555 12 99",
        "025551200025551299",
        "+3225551200 then +3225551299",
        "tel:+3225551200 tel:+3225551299",
    ],
)
def test_two_numbers_in_one_field(text: str) -> None:
    assert refusal(text, "BE").template == TWO


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("+32 2 555 (12-34)", None, "+3225551234"),
        ("+32 2 555-12-34", None, "+3225551234"),
        ("+32-2-555-00-99", None, "+3225550099"),
        ("02/555/12/00", "BE", "+3225551200"),
        ("+49 (0) 30 / 5555-0100", None, "+493055550100"),
        ("+33-1-55-00-00-99", None, "+33155000099"),
    ],
)
def test_groups_of_one_number_are_no_block(text: str, country: str | None, number: str) -> None:
    assert parse_number(text, country=country) == number


Spelling = Callable[[str, str, str], str]
"""The beginning that all numbers share, and the first and last ending → a text."""

SPELLINGS: tuple[Spelling, ...] = (
    lambda base, low, high: f"{base}{low}-{high}",
    lambda base, low, high: f"{base}{low} – {high}",
    lambda base, low, high: f"{base} [{low}-{high}]",
    lambda base, low, high: f"{base}({low}..{high})",
    lambda base, low, high: f"{base}{low}..{high}",
    lambda base, low, high: f"{base}{low}/{high}",
    lambda base, low, high: f"{base}{low} /-{high}",
    lambda base, low, high: f"{base}{low} to {high}",
    lambda base, low, high: f"{base}{low} bis {base}{high}",
    lambda base, low, high: f"{base}{low} à {high}",
    lambda base, low, high: f"{base}{low} t/m {high}",
    lambda base, low, high: f"{base}{low}~{high}",
    lambda base, low, high: f"{base}{low} - {base}{high}",
    lambda base, low, high: f"{base}{low}-{base.lstrip('+')}{high}",
    lambda base, low, high: f"{base}{low} -> {high}",
    lambda base, low, high: base + "[0-9]" * len(low),
    lambda base, low, high: base + "x" * len(low),
)


@given(numbers(), st.integers(2, 3), st.sampled_from(SPELLINGS), st.sampled_from(["", " "]))
@settings(max_examples=300, deadline=None)
def test_generated_blocks_are_never_one_number(
    found: tuple[str, phonenumbers.PhoneNumber], count: int, spelling: Spelling, space: str
) -> None:
    region, number = found
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    base = e164[:-count]
    first, last = base + "0" * count, base + "9" * count
    assume(len(base) > 6 and first[1 + len(str(number.country_code))] != "0")
    parsed = phonenumbers.parse(first)
    reason = phonenumbers.is_possible_number_with_reason(parsed)
    assume(reason == phonenumbers.ValidationResult.IS_POSSIBLE)
    code = len(str(number.country_code)) + 1
    text = spelling(base[:code] + space + base[code:], "0" * count, "9" * count)
    for country in (None, region):
        refused = refusal(text, country)
        assert refused.template in BLOCKS, (text, str(refused))
        if refused.template in (BLOCK_ENDS, BLOCK_OR_ONE_ENDS):
            assert f"such as {first} and {last}" in str(refused), text


@given(
    numbers(),
    numbers(),
    st.sampled_from(
        [
            " ",
            ", ",
            ";",
            "/",
            " / ",
            "\n",
            "|",
            " + ",
            " or ",
            " und ",
            "&",
            "\t",
            " et ",
            "_",
            "\\",
            "  ",
        ]
    ),
)
@settings(max_examples=200, deadline=None)
def test_generated_pairs_are_never_one_number(
    one: tuple[str, phonenumbers.PhoneNumber],
    other: tuple[str, phonenumbers.PhoneNumber],
    separator: str,
) -> None:
    texts = [
        phonenumbers.format_number(number, PhoneNumberFormat.E164) for _, number in (one, other)
    ]
    assume(all(len(text) > 7 for text in texts))
    refused = refusal(separator.join(texts), one[0])
    assert refused.template == TWO, str(refused)
