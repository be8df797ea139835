"""Crossing 80 % and 100 % of what is granted: upward, once for each crossing."""

from typing import Any

import pytest
from django.db import connection
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fusion.kernel.quantities import MAX_BALANCE, THRESHOLDS
from tests.ordering.placing import consume, ledger, line, placed
from tests.world import World, make_subscription

balances = st.tuples(st.integers(0, 30), st.integers(0, 30)) | st.tuples(
    st.just(2_000_000_000), st.integers(1_599_999_999, 2_000_000_000)
)


def crossed(before: tuple[int, int], after: tuple[int, int]) -> list[int]:
    """What the database says, from (granted, used) to (granted, used)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t FROM ledger_crossed(%s::bigint, %s::bigint, %s::bigint, %s::bigint) AS t",
            [*before, *after],
        )
        return [threshold for (threshold,) in cursor.fetchall()]


def reached(balance: tuple[int, int]) -> set[int]:
    """The thresholds that a balance stands at or above; none where nothing is granted."""
    granted, used = balance
    return {limit for limit in (80, 100) if granted and used * 100 >= granted * limit}


@given(balances, balances)
@example((5, 3), (5, 4))
@example((5, 4), (5, 5))
@example((5, 3), (3, 3))
@example((0, 0), (1, 1))
@example((10, 0), (0, 0))
@settings(max_examples=300, deadline=None)
def test_a_threshold_is_crossed_when_newly_reached(
    before: tuple[int, int], after: tuple[int, int]
) -> None:
    assert set(crossed(before, after)) == reached(after) - reached(before)
    assert crossed(before, before) == []


@given(balances, balances, balances)
@settings(max_examples=100, deadline=None)
def test_every_threshold_on_the_way_up_is_reported(
    first: tuple[int, int], second: tuple[int, int], third: tuple[int, int]
) -> None:
    """What one step crosses, two steps cross as well."""
    assert set(crossed(first, third)) <= {*crossed(first, second), *crossed(second, third)}


def test_the_database_has_the_limits_of_the_code() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_ceiling(), ledger_thresholds()")
        assert cursor.fetchone() == (MAX_BALANCE, list(THRESHOLDS))


def result(world: World) -> list[tuple[int, int, int]]:
    """(threshold, granted, used) of the events of the user SKU; checks what is available."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (data ->> 'threshold')::int, (data ->> 'granted')::int, (data ->> 'used')::int,"
            " (data ->> 'available')::int"
            " FROM events_event WHERE group_id = %s AND type = 'balance.threshold'"
            " AND data ->> 'sku' = 'user' ORDER BY epoch, xid, id",
            [world.group.id],
        )
        found: list[Any] = cursor.fetchall()
    assert [available for *_, available in found] == [
        granted - used for _, granted, used, _ in found
    ]
    return [each[:3] for each in found]


def test_each_crossing_emits_one_event(world: World) -> None:
    placed(world, line(world.seat, 10))
    consume(world, world.user_sku, *"abcdefg")
    assert result(world) == []
    consume(world, world.user_sku, "h")
    consume(world, world.user_sku, "i")
    consume(world, world.user_sku, "j")
    assert result(world) == [(80, 10, 8), (100, 10, 10)]
    consume(world, world.user_sku, "j", "i", "h", verb="ledger_release")
    consume(world, world.user_sku, "h", "i", "j")
    assert result(world)[2:] == [(80, 10, 10), (100, 10, 10)]
    for holder in "jih":
        consume(world, world.user_sku, holder, verb="ledger_release")
    assert len(result(world)) == 4, "on the way down"


def test_a_crossing_is_of_one_subscription(world: World) -> None:
    other = make_subscription(world.tenant, "Other")
    placed(world, line(world.seat, 10), subscription=other)
    assert ledger("ledger_consume", other.id, world.user_sku.id, [*"abcdefghi"]) is None
    placed(world, line(world.seat, 10))
    consume(world, world.user_sku, *"abcdefgh")
    assert result(world) == [(80, 10, 9), (80, 10, 8)]


@pytest.mark.parametrize("removed", [2, 3])
def test_a_removal_may_cross_a_threshold(world: World, removed: int) -> None:
    placed(world, line(world.seat, 10))
    consume(world, world.user_sku, *"abcdefg")
    placed(world, line(world.seat, removed, "remove"))
    limits = [80] if removed == 2 else [80, 100]
    assert result(world) == [(limit, 10 - removed, 7) for limit in limits]
    placed(world, line(world.seat, 20))
    assert len(result(world)) == len(limits)
