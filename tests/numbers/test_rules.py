"""What a number is, and which ranges make sense."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fusion.kernel.errors import InvalidFields
from fusion.numbers import rules
from fusion.numbers.rules import (
    BLOCK,
    calling_code,
    countries,
    number_types,
    require_reason,
    samples,
    wrong_number,
    wrong_range,
    wrong_unknown_number,
)

pytestmark = pytest.mark.pure

BRUSSELS, MOBILE, UNKNOWN = "+3225550100", "+32470123456", "+99912345678"


def test_limits() -> None:
    assert (rules.MAX_RANGE, rules.MAX_NUMBERS) == (1_000_000, 1_000)
    assert (rules.MAX_RESERVATION_DAYS, rules.MAX_PORT_DAYS, BLOCK) == (366, 366, 100)


@pytest.mark.parametrize(
    ("number", "types", "where", "code"),
    [
        (BRUSSELS, ("geographic",), ("BE",), 32),
        (MOBILE, ("mobile",), ("BE",), 32),
        ("+3280012345", ("toll_free",), ("BE",), 32),
        ("+12125550123", ("geographic", "mobile"), ("US",), 1),
        (UNKNOWN, (), (), 0),
        ("", (), (), 0),
        ("32", (), (), 0),
    ],
)
def test_valid_numbers(
    number: str, types: tuple[str, ...], where: tuple[str, ...], code: int
) -> None:
    assert (number_types(number), countries(number), calling_code(number)) == (types, where, code)


def test_a_type_of_no_name_of_ours_is_national() -> None:
    assert number_types("+448450123456") != ("national",)
    assert number_types("+443001234567") == ("national",)  # a UAN


@pytest.mark.parametrize(
    ("number", "country", "type", "refusal"),
    [
        (BRUSSELS, "BE", "geographic", None),
        (MOBILE, "BE", "mobile", None),
        (BRUSSELS, "FR", "geographic", "not a valid phone number of FR"),
        (UNKNOWN, "BE", "geographic", "not a valid phone number of BE"),
        ("x", "BE", "geographic", "not a valid phone number of BE"),
        (BRUSSELS, "BE", "mobile", "is a geographic, not a mobile number"),
        ("+12125550123", "US", "toll_free", "is a geographic or mobile, not a toll_free number"),
    ],
)
def test_reasons_for_invalid_numbers(
    number: str, country: str, type: str, refusal: str | None
) -> None:
    found = wrong_number(number, country=country, type=type)
    assert (found is None) if refusal is None else (refusal in str(found))


def test_a_reason_with_unknown_numbers_and_only_then() -> None:
    require_reason(True, "assigned by the regulator")
    require_reason(False, None)
    with pytest.raises(InvalidFields, match="is required with"):
        require_reason(True, None)
    with pytest.raises(InvalidFields, match="is allowed only with"):
        require_reason(False, "assigned by the regulator")


@pytest.mark.parametrize(
    ("number", "country", "refusal"),
    [
        ("+3225550100123", "BE", None),
        (MOBILE, "FR", "does not begin with +33, the country code of FR"),
        ("+31225550100", "FR", "does not begin with +33, the country code of FR"),
        (UNKNOWN, "BE", "does not begin with +32, the country code of BE"),
        ("+8001", "001", None),
        (UNKNOWN, "001", None),
        (BRUSSELS, "001", "begins with the country code of BE, so it has a country"),
        ("+12125550123", "001", "begins with the country code of US, so it has a country"),
    ],
)
def test_the_country_code_of_unknown_numbers(
    number: str, country: str, refusal: str | None
) -> None:
    found = wrong_unknown_number(number, country=country)
    assert found == (None if refusal is None else f"{number} {refusal}")


@pytest.mark.parametrize(
    ("first", "last", "wrong"),
    [
        ("+32999000000", "+32999000099", set()),
        ("+31999999999", "+32000000000", {"first"}),
        ("+32999999999", "+33000000000", {"last"}),
        ("+33999000000", "+33999000000", {"first", "last"}),
    ],
)
def test_a_range_of_unknown_numbers(first: str, last: str, wrong: set[str]) -> None:
    assert set(wrong_range(first, last, country="BE", type="mobile", unknown=True)) == wrong
    assert set(wrong_range(first, last, country="BE", type="mobile")) == {"first"}


def judged(first: str, last: str, type: str = "geographic") -> dict[str, str]:
    """What is wrong with a range of Belgian numbers."""
    return wrong_range(first, last, country="BE", type=type)


def test_a_range_that_makes_sense() -> None:
    assert judged("+3225550100", "+3225550100") == {}
    assert judged("+3225550100", "+3225550199") == {}
    assert judged("+3225550000", "+3225559999") == {}


def test_the_ends_of_a_range() -> None:
    assert judged("+3225550100", "+32255501000") == {
        "last": "must have the same number of digits as `first`"
    }
    assert judged("+3225550101", "+3225550100") == {"last": "must not be lower than `first`"}
    assert set(judged("+32470123456", "+32470123457")) == {"first"}
    assert set(judged("+3225550100", "+3225550100", "mobile")) == {"first"}


def test_the_longest_range(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MAX_RANGE", 10)
    assert judged("+3225550100", "+3225550109") == {}
    assert "at most 10" in judged("+3225550100", "+3225550110")["last"]


def test_a_block_of_another_kind_in_the_middle_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ends are such numbers, one block in between is not."""
    tried: list[str] = []

    def wrong(e164: str, *, country: str, type: str) -> str | None:
        tried.append(e164)
        return "wrong" if "2550300" <= e164[-7:] <= "2550399" else None

    monkeypatch.setattr(rules, "wrong_number", wrong)
    found = judged("+3222550000", "+3222550900")
    assert found == {"last": f"wrong; {rules.ACCEPT_IN_RANGE}"}
    assert tried[0] == "+3222550000" and tried[-1] == "+3222550300"


@given(st.integers(1, 10**6), st.integers(0, 1_000))
@example(199, 50)
@example(100, 99)
def test_samples_are_both_ends_of_every_block(low: int, length: int) -> None:
    high = low + length
    expected = {low, high}
    for number in range(low, high + 1):
        if number % BLOCK in (0, BLOCK - 1):
            expected.add(number)
    assert list(samples(low, high)) == sorted(expected)
