"""Cursors, ids and the types of fields, by property."""

import contextlib
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from fusion.kernel.clock import instant, read_instant
from fusion.kernel.errors import InvalidFields
from fusion.kernel.fields import Body, Code, Id, Instant, Name, Quantity, Reference, Text
from fusion.kernel.ids import new_id, parse_id, read_id
from fusion.kernel.pagination import MAX_BIGINT, decode_cursor, encode_cursor, page, position
from fusion.kernel.quantities import MAX_QUANTITY
from fusion.kernel.text import Unclean, clean_line

key_parts = st.lists(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=1
)


@given(key_parts)
def test_a_cursor_holds_its_key(parts: list[str]) -> None:
    cursor = encode_cursor(*parts)
    assert cursor.isascii() and "=" not in cursor
    assert decode_cursor(cursor, *[str] * len(parts)) == tuple(parts)


@given(key_parts)
def test_a_cursor_of_another_list_is_refused(parts: list[str]) -> None:
    with pytest.raises(InvalidFields):
        decode_cursor(encode_cursor(*parts), *[str] * (len(parts) + 1))


@given(st.datetimes(timezones=st.just(UTC)), st.uuids(), st.integers(0, MAX_BIGINT))
def test_a_cursor_returns_the_values_of_its_key(at: datetime, id: UUID, number: int) -> None:
    cursor = encode_cursor(instant(at), id, number)
    assert decode_cursor(cursor, read_instant, read_id, position(MAX_BIGINT)) == (at, id, number)


@given(st.text(max_size=30).filter(lambda text: not re.fullmatch("0*[0-9]{1,6}", text, re.ASCII)))
@example("-1")
@example("1000000")
@example("１")
@example("9" * 5000)
def test_a_cursor_with_an_invalid_number_is_refused(text: str) -> None:
    with pytest.raises(InvalidFields):
        decode_cursor(encode_cursor(text), position(999_999))


@given(st.text(max_size=60))
@example("é")
@example("\0")
@example("W10")
@example("bnVsbA")
@example("A")
def test_invalid_cursors_are_only_refused(text: str) -> None:
    with contextlib.suppress(InvalidFields):
        assert all(isinstance(part, str) for part in decode_cursor(text, str, str))


@given(st.integers(1, 10), st.integers(0, 30))
def test_pages_cut_a_list_without_loss(limit: int, length: int) -> None:
    seen: list[int] = []
    rows = list(range(length))
    for start in range(0, length + 1, limit):
        shown, more = page(rows[start : start + limit + 1], limit)
        seen += shown
        if not more:
            break
    assert not more
    assert seen == rows


def test_ids_sort_in_the_order_of_their_making() -> None:
    made = [new_id() for _ in range(2_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert {id.version for id in made} == {7}


@given(st.uuids())
def test_an_id_is_read_from_its_canonical_form_alone(id: UUID) -> None:
    assert parse_id(str(id)) == id
    for other in (
        id.hex,
        f"{{{id}}}",
        f"urn:uuid:{id}",
        f" {id}",
        f"{id}\n",
        id,
        None,
        5,
        [str(id)],
    ):
        assert parse_id(other) is None


@given(st.text(max_size=40))
def test_no_text_makes_reading_an_id_fail(text: str) -> None:
    found = parse_id(text)
    assert found is None or isinstance(found, UUID)


def accepts(type: Any, value: object) -> bool:
    """Whether a body's field of this type takes the value."""
    try:
        TypeAdapter(type).validate_python(value)
    except ValidationError:
        return False
    return True


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=4,
)


@given(json_values | st.integers(-2, MAX_QUANTITY + 2))
@example(True)
@example("5")
@example(1.0)
@example(2**63)
def test_a_quantity_is_an_integer_within_its_limits(value: object) -> None:
    is_integer = isinstance(value, int) and not isinstance(value, bool)
    assert accepts(Quantity, value) is (is_integer and 1 <= value <= MAX_QUANTITY)  # type: ignore[operator]


@given(json_values)
@example("a\0b")
@example("\x1b")
@example("a\u200bb")
@example(" ")
@example("x" * 201)
@example("x" * 200)
def test_a_name_is_a_text_that_says_something(value: object) -> None:
    try:
        good = isinstance(value, str) and 1 <= len(clean_line(value)) <= 200
    except Unclean:
        good = False
    assert accepts(Name, value) is good


@given(st.text(max_size=70))
@example("a\n")
@example("x" * 65)
@example("ü")
@example("0\u00ad")
@example("\u212a")
def test_a_code_has_its_letters_only(value: str) -> None:
    letters = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
    try:
        code = clean_line(value)  # a soft hyphen goes, a Kelvin sign is a K
    except Unclean:
        code = ""
    assert accepts(Code, value) is (1 <= len(code) <= 64 and set(code) <= letters)


@given(json_values)
@example("2026-03-03T10:15:00")
@example("2026-03-03")
@example(1772532900)
@example("9999-12-31T23:59:59-23:59")
@example("0001-01-01T00:00:00+23:59")
@example("2026-03-03T10:15:60Z")
@example("2026-03-03T24:00:00Z")
@example("2026-02-30T10:15:00Z")
@example("２０２６-03-03T10:15:00Z")
def test_invalid_instants_are_only_refused(value: object) -> None:
    if accepts(Instant, value):
        assert isinstance(value, str)
        assert value[-1] in "Zz" or value[-6] in "+-"


@given(
    st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29)),
    st.integers(-23 * 60, 23 * 60),
)
def test_an_instant_is_the_same_with_any_offset(at: datetime, offset: int) -> None:
    sign, minutes = "-" if offset < 0 else "+", abs(offset)
    text = f"{at.isoformat()}{sign}{minutes // 60:02}:{minutes % 60:02}"
    read = TypeAdapter(Instant).validate_python(text)
    assert read == at.replace(tzinfo=timezone(timedelta(minutes=offset)))
    shown = instant(read)
    assert shown is not None and TypeAdapter(Instant).validate_python(shown) == read


@given(st.dictionaries(st.text(max_size=8), json_values, max_size=3))
def test_a_body_knows_its_fields_only(given_: dict[str, Any]) -> None:
    class Asked(Body):
        id: Id
        name: Text

    with contextlib.suppress(ValidationError):
        Asked.model_validate(given_)
        assert set(given_) == {"id", "name"}


@given(json_values)
@example("x" * 101)
def test_a_reference_is_a_text_of_at_most_100(value: object) -> None:
    if accepts(Reference, value):
        assert isinstance(value, str) and 1 <= len(value) <= 100
