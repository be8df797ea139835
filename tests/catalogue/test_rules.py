"""The rules of items, by property."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusion.catalogue.rules import Item, by_sku, next_revision, repeated, shown

pytestmark = pytest.mark.pure

codes = st.text("AZaz09._-", min_size=1, max_size=4)
quantities = st.integers(1, 1_000_000)
item_sets = st.dictionaries(codes, quantities, min_size=1, max_size=20)
item_lists = st.lists(st.builds(Item, sku=codes, quantity=quantities), max_size=20)


@given(item_lists)
def test_without_repeated_items_the_skus_are_a_set(items: list[Item]) -> None:
    positions = repeated(items)
    first = [item for position, item in enumerate(items) if position not in positions]
    assert repeated(first) == []
    assert {item["sku"] for item in first} == {item["sku"] for item in items}
    assert len(first) == len(by_sku(items))


@given(item_sets, st.randoms(use_true_random=False))
def test_the_order_of_items_means_nothing(items: dict[str, int], chance: object) -> None:
    lines = shown(items)
    chance.shuffle(lines)  # type: ignore[attr-defined]
    assert by_sku(lines) == items
    assert shown(by_sku(lines)) == shown(items)
    assert next_revision(7, items, by_sku(lines)) == 7


@given(item_sets)
def test_items_are_shown_by_code(items: dict[str, int]) -> None:
    assert [line["sku"] for line in shown(items)] == sorted(items)


@given(st.lists(item_sets, min_size=1, max_size=10))
def test_revisions_count_the_changes(history: list[dict[str, int]]) -> None:
    revision, seen = 1, [1]
    for before, after in pairwise(history):
        revision = next_revision(revision, before, after)
        seen.append(revision)
        assert (seen[-1] == seen[-2]) == (before == after)
    assert sorted(set(seen)) == list(range(1, revision + 1))
