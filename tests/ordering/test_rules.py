"""The rules of orders that need no database, by property."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fusion.ordering.place import Draft, Line
from fusion.ordering.place_batch import Item
from fusion.ordering.rules import is_too_far, repeated_products, runs_of_distinct

pytestmark = pytest.mark.pure

actions = st.sampled_from(("add", "remove", "set"))
few_lines = st.lists(st.tuples(st.integers(1, 6), actions), max_size=12)
names = st.lists(st.frozensets(st.sampled_from("abcdef"), max_size=2), max_size=30)
instants = st.datetimes(
    datetime(2020, 1, 1),
    datetime(2100, 1, 1),
    timezones=st.just(UTC),
)


@given(few_lines)
def test_a_product_stands_in_one_line_or_is_added_and_removed(lines: list[tuple[int, str]]) -> None:
    actions = {id: sorted(action for other, action in lines if other == id) for id, _ in lines}
    allowed = [["add"], ["remove"], ["set"], ["add", "remove"]]
    repeated = repeated_products(lines)
    assert set(repeated) == {id for id, each in actions.items() if each not in allowed}
    assert len(repeated) == len(set(repeated))


@given(instants, st.timedeltas(timedelta(0), timedelta(days=4 * 366)))
def test_four_years_ahead_is_never_too_far(now: datetime, ahead: timedelta) -> None:
    assert not is_too_far(now + ahead, now)


@given(instants)
@example(datetime(2024, 2, 28, tzinfo=UTC))
def test_the_limit_is_five_years_ahead(now: datetime) -> None:
    day = min(now.day, 28)
    assert not is_too_far(now.replace(year=now.year + 5, day=day), now)
    assert is_too_far(now + timedelta(days=5 * 366, seconds=1), now)


@pytest.mark.parametrize(
    ("now", "latest"),
    [
        ("2026-06-30T12:00:00+00:00", "2031-06-30T12:00:00+00:00"),
        ("2024-02-29T23:59:59+00:00", "2029-03-01T23:59:59+00:00"),
        ("2024-02-28T00:00:00+00:00", "2029-02-28T00:00:00+00:00"),
        ("2024-03-29T00:00:00+00:00", "2029-03-29T00:00:00+00:00"),
    ],
)
def test_the_latest_instant(now: str, latest: str) -> None:
    start, end = datetime.fromisoformat(now), datetime.fromisoformat(latest)
    assert not is_too_far(end, start)
    assert is_too_far(end + timedelta(microseconds=1), start)


@given(names)
def test_runs_hold_every_order_once_and_in_order(names: list[frozenset[str]]) -> None:
    assert [index for run in runs_of_distinct(names) for index in run] == list(range(len(names)))


@given(names)
def test_the_names_of_a_run_are_distinct(names: list[frozenset[str]]) -> None:
    for run in runs_of_distinct(names):
        listed = [name for index in run for name in names[index]]
        assert len(listed) == len(set(listed))


@given(names)
def test_runs_are_as_few_as_can_be(names: list[frozenset[str]]) -> None:
    """Each run but the last could not have taken one order more."""
    runs = runs_of_distinct(names)
    for run, following in pairwise(runs):
        taken = {name for index in run for name in names[index]}
        assert names[following.start] & taken


@given(st.none() | st.text(min_size=1), st.none() | st.text(min_size=1))
@settings(max_examples=50)
def test_a_key_and_a_reference_of_the_same_letters_are_two_names(
    key: str | None, reference: str | None
) -> None:
    draft = Draft(UUID(int=1), (Line(UUID(int=2), 1),), external_reference=reference)
    assert len(Item(draft, None, key).names()) == (key is not None) + (reference is not None)
    assert len(Item(None, None, key).names()) == (key is not None)
