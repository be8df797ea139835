"""Leases, tombstones, calls back, rates and thresholds at the instant at which they end."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from fusion.kernel.database import database_now
from fusion.tenancy.models import Organization
from fusion.trunks.sweep import sweep_calls
from tests.instants import MOMENT, still_clock
from tests.trunks.calling import by_sql, live, order_channels, records, rows, trunk_id
from tests.trunks.test_channel_thresholds import thresholds
from tests.trunks.test_replaces import in_use
from tests.world import World

Clock = Callable[[float], None]
MINUTE, HOUR = 60.0, 3600.0
BEFORE = MOMENT.total_seconds()
KEEP = 15 * MINUTE
"""How long a tombstone stays."""


@pytest.fixture
def clock() -> Iterator[Clock]:
    """Sets the clock to so many seconds after the beginning of a minute that lies ahead."""
    start = database_now().replace(second=0, microsecond=0) + timedelta(minutes=2)
    with still_clock() as go_to:
        yield lambda seconds: go_to(start + timedelta(microseconds=round(seconds * 1e6)))


def status(trunk: str, call_id: str, **more: Any) -> int:
    """The status of an admission, with a lease of a minute."""
    return by_sql(trunk, call_id, **{"seconds": MINUTE, **more})[0]


def hang_up(trunk: str, call_id: str, direction: str = "inbound") -> bool:
    """Whether there was a live call."""
    [(ended,)] = rows(
        "SELECT calls.end_call(%s::uuid, %s::text, %s::text)", trunk, direction, call_id
    )
    return bool(ended)


def test_a_lease_counts_until_its_end(world: World, clock: Clock) -> None:
    order_channels(world, 1)
    trunk, capped = trunk_id(world), trunk_id(world, channel_cap=1)
    clock(0)
    assert status(capped, "a") == 201
    clock(MINUTE - BEFORE)
    assert (in_use(world), live(world), status(trunk, "b")) == (1, ["a"], 409)
    clock(MINUTE)
    assert (in_use(world), live(world)) == (0, [])
    assert (status(capped, "b"), status(trunk, "c")) == (201, 409)


def test_a_lease_is_renewed_until_its_end(world: World, clock: Clock) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    clock(0)
    assert status(trunk, "a") == 201
    clock(MINUTE - BEFORE)
    assert (status(trunk, "a"), records(world)) == (200, [])
    clock(2 * MINUTE - BEFORE)
    assert status(trunk, "a") == 201
    assert [each["reason"] for each in records(world)] == ["lapsed"]


@pytest.mark.parametrize(("seconds", "was_live"), [(MINUTE - BEFORE, True), (MINUTE, False)])
def test_a_call_ends_until_its_lease_does(
    world: World, clock: Clock, seconds: float, was_live: bool
) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    clock(0)
    assert status(trunk, "a") == 201
    clock(seconds)
    assert hang_up(trunk, "a") is was_live
    assert [each["reason"] for each in records(world)] == ["ended" if was_live else "lapsed"]


def test_a_sweep_finds_what_ends_at_its_instant(world: World, clock: Clock) -> None:
    order_channels(world, 2)
    trunk = trunk_id(world)
    kept = "SELECT count(*) FROM trunks_call WHERE trunk_id = %s::uuid"
    clock(0)
    assert (status(trunk, "a"), status(trunk, "b")) == (201, 201)
    assert hang_up(trunk, "b") is True
    for seconds, left in ((MINUTE - BEFORE, 2), (MINUTE, 1)):
        clock(seconds)
        sweep_calls()
        assert rows(kept, trunk) == [(left,)]
    for seconds, left in ((KEEP - BEFORE, 1), (KEEP, 0)):
        clock(seconds)
        sweep_calls()
        assert rows(kept, trunk) == [(left,)]


def test_a_call_back_passes_until_the_hour_is_over(world: World, clock: Clock) -> None:
    trunk = trunk_id(world)
    callers = "SELECT count(*) FROM trunks_emergencycaller WHERE trunk_id = %s::uuid"
    clock(0)
    assert status(trunk, "help", direction="outbound", callee="112") == 201
    assert hang_up(trunk, "help", "outbound") is True
    back = {"callee": "+3225550100"}
    clock(HOUR - BEFORE)
    assert (status(trunk, "a", **back), hang_up(trunk, "a")) == (201, True)
    sweep_calls()
    assert rows(callers, trunk) == [(1,)]
    clock(HOUR)
    assert status(trunk, "b", **back) == 409
    sweep_calls()
    assert rows(callers, trunk) == [(0,)]


def test_of_two_calls_back_one_makes_room_when_its_lease_ends(world: World, clock: Clock) -> None:
    trunk = trunk_id(world)
    clock(0)
    assert status(trunk, "help", direction="outbound", callee="112") == 201
    back = {"callee": "+3225550100"}
    assert [status(trunk, each, **back) for each in "abc"] == [201, 201, 409]
    clock(MINUTE - BEFORE)
    assert status(trunk, "c", **back) == 409
    clock(MINUTE)
    assert status(trunk, "c", **back) == 201


def test_a_rate_is_of_less_than_a_second(world: World, clock: Clock) -> None:
    order_channels(world, 9)
    trunk = trunk_id(world, calls_per_second=1)
    clock(0)
    assert status(trunk, "a") == 201
    refusals = []
    for seconds in (0, 0.4, 1 - BEFORE):
        clock(seconds)
        refused, problem = by_sql(trunk, "b")
        assert refused == 409
        refusals.append(problem["retry_after_ms"])
    assert refusals == [1000, 600, 1]
    clock(1)
    assert status(trunk, "b") == 201
    assert rows("SELECT call_id FROM trunks_ratedcall WHERE trunk_id = %s", trunk) == [("b",)]


@pytest.mark.parametrize(("seconds", "times"), [(HOUR - BEFORE, 1), (HOUR, 2)])
def test_a_threshold_is_reported_again_after_an_hour(
    world: World, clock: Clock, seconds: float, times: int
) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    clock(0)
    assert (status(trunk, "a"), hang_up(trunk, "a")) == (201, True)
    clock(seconds)
    assert status(trunk, "b") == 201
    assert [each["percent"] for each in thresholds(world)] == [80, 100] * times


def replacing(trunk: str, call_id: str, replaces: str, seconds: float = MINUTE) -> int:
    """The status of an admission instead of another call."""
    [(found,)] = rows(
        "SELECT status FROM calls.admit_replacing(%s::uuid, 'inbound', %s::text, '', '1',"
        " %s::text, make_interval(secs => %s::float8))",
        trunk,
        call_id,
        replaces,
        seconds,
    )
    return int(found)


def test_a_channel_is_shared_until_the_lease_of_the_former_call_ends(
    world: World, clock: Clock
) -> None:
    order_channels(world, 2)
    trunk = trunk_id(world)
    clock(0)
    assert (status(trunk, "a"), replacing(trunk, "b", "a", 2 * MINUTE)) == (201, 201)
    assert in_use(world) == 1
    clock(MINUTE - BEFORE)
    assert in_use(world) == 1
    assert by_sql(trunk, "c", seconds=1)[1]["in_use"] == 2
    assert hang_up(trunk, "c") is True
    clock(MINUTE)
    assert in_use(world) == 1  # now that of the other
    assert by_sql(trunk, "d")[1]["in_use"] == 2


@pytest.mark.parametrize(("seconds", "expected"), [(MINUTE - BEFORE, 201), (MINUTE, 409)])
def test_a_call_is_replaced_until_its_lease_ends(
    world: World, clock: Clock, seconds: float, expected: int
) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    clock(0)
    assert status(trunk, "a") == 201
    clock(seconds)
    if seconds == MINUTE:
        assert status(trunk, "other") == 201  # takes the channel that is free now
    assert replacing(trunk, "b", "a") == expected


def peak(world: World) -> int | None:
    """The peak of the minute that has begun."""
    [(found,)] = rows("SELECT trunks_live_calls_at(%s, kernel_now())", world.subscription.id)
    return None if found is None else int(found)


def test_the_peak_of_a_minute_in_which_a_call_only_ends(world: World, clock: Clock) -> None:
    order_channels(world, 2)
    trunk = trunk_id(world)
    clock(0)
    assert (status(trunk, "a"), status(trunk, "b", seconds=2 * MINUTE)) == (201, 201)
    clock(MINUTE)
    assert hang_up(trunk, "b") is True
    assert peak(world) == 1  # the lease of the other has just ended


def test_the_peak_of_a_subscription_is_that_of_all_its_trunks(world: World, clock: Clock) -> None:
    order_channels(world, 2)
    clock(0)
    assert [status(trunk_id(world, name=name), name) for name in ("a", "b")] == [201, 201]
    assert peak(world) == 2


def test_a_call_counts_in_the_peak_once_it_shares_no_channel(world: World, clock: Clock) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    clock(0)
    assert (status(trunk, "a"), replacing(trunk, "b", "a", 2 * MINUTE)) == (201, 201)
    clock(MINUTE)
    assert hang_up(trunk, "b") is True
    assert peak(world) == 1


def test_a_call_can_be_replaced_once_it_shares_no_channel(world: World, clock: Clock) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    clock(0)
    assert (status(trunk, "a"), replacing(trunk, "b", "a", 3 * MINUTE)) == (201, 201)
    clock(MINUTE - BEFORE)
    assert replacing(trunk, "c", "b") == 409
    clock(MINUTE)
    assert replacing(trunk, "c", "b") == 201


def test_an_end_after_the_lease_does_not_prolong_the_sharing(world: World, clock: Clock) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    clock(0)
    assert (status(trunk, "a"), replacing(trunk, "b", "a", 2 * MINUTE)) == (201, 201)
    clock(1.5 * MINUTE)
    assert (hang_up(trunk, "a"), hang_up(trunk, "b")) == (False, True)
    shared = (
        "SELECT call_id, extract(epoch FROM shared_until - admitted_at)::int"
        " FROM trunks_callrecord WHERE trunk_id = %s::uuid AND shared_until IS NOT NULL"
    )
    assert rows(shared, trunk) == [("b", MINUTE)]


def test_the_calls_under_an_organization(world: World, clock: Clock) -> None:
    order_channels(world, 2)
    trunk = trunk_id(world)

    def under(organization: Organization) -> int:
        [(found,)] = rows(
            "SELECT trunks_live_calls_under(%s, %s::text)", world.group.id, organization.path
        )
        return int(found)

    clock(0)
    assert (status(trunk, "a"), replacing(trunk, "b", "a", 2 * MINUTE)) == (201, 201)
    assert (under(world.group), under(world.tenant), under(World().tenant)) == (1, 1, 0)
    clock(MINUTE - BEFORE)
    assert under(world.group) == 1
    clock(MINUTE)
    assert under(world.group) == 1  # now the other one
    clock(2 * MINUTE)
    assert under(world.group) == 0


@pytest.mark.parametrize(("seconds", "counted"), [(1 - BEFORE, 1), (1, 0)])
def test_a_new_rate_counts_the_calls_of_less_than_a_second(
    world: World, clock: Clock, seconds: float, counted: int
) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    clock(0)
    assert status(trunk, "a") == 201
    clock(seconds)
    rows("SELECT trunks_begin_rate(%s, %s::uuid)", world.group.id, trunk)
    [(found,)] = rows("SELECT count(*) FROM trunks_ratedcall WHERE trunk_id = %s::uuid", trunk)
    assert found == counted


def test_an_hour_from_the_end_though_another_lease_ends_just_then(
    world: World, clock: Clock
) -> None:
    trunk = trunk_id(world)
    sos = {"direction": "outbound", "callee": "112", "caller": "+3225550100"}
    clock(0)
    assert status(trunk, "one", **sos, seconds=2 * MINUTE) == 201
    assert status(trunk, "two", **sos) == 201
    clock(MINUTE)
    assert hang_up(trunk, "one", "outbound") is True
    clock(MINUTE + HOUR)
    assert status(trunk, "late", callee="+3225550100") == 409


def test_a_name_that_shared_a_channel_counts_when_it_comes_again(
    world: World, clock: Clock
) -> None:
    order_channels(world, 10)
    trunk = trunk_id(world)
    clock(0)
    assert status(trunk, "a", seconds=HOUR) == 201
    assert replacing(trunk, "b", "a", MINUTE) == 201
    clock(2 * MINUTE)
    assert status(trunk, "b") == 201
    assert in_use(world) == 2
