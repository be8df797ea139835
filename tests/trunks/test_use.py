"""What is in use: now, at its peak by hour, and in the balances."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from fusion.kernel.clock import instant, now
from fusion.kernel.past import movable_clock
from tests.numbers.stock import refused
from tests.trunks.calling import admitted, by_sql, end, lapsed, order_channels, rows, trunk_id
from tests.world import World, answer, make_subscription


def use(world: World, **period: Any) -> Any:
    """The use of the subscription's channels."""
    query = "&".join(f"{name}={value}" for name, value in period.items())
    path = f"/subscriptions/{world.subscription.id}/channels?{query}"
    response = world.call("GET", path, by=world.tenant)
    assert response.status_code == 200, response.content
    return answer(response)


def channel_balance(world: World, at: str | None = None) -> tuple[int, int | None, int | None]:
    """Granted, used and available channels, now or at an instant."""
    query = f"?at={at}" if at else ""
    path = f"/subscriptions/{world.subscription.id}/balances{query}"
    [found] = [
        item for item in answer(world.call("GET", path))["items"] if item["sku"] == "sip-channel"
    ]
    return found["granted"], found["used"], found["available"]


def test_live_now(world: World) -> None:
    order_channels(world, 5)
    one, two, idle = trunk_id(world), trunk_id(world, name="Two", channel_cap=4), trunk_id(world)
    admitted(world, one, "a", "b")
    admitted(world, two, "c")
    lapsed(two, "d")
    result = use(world)
    assert (result["channels"], result["in_use"]) == (5, 3)
    assert result["trunks"] == [
        {"trunk_id": one, "name": "Main", "channel_cap": None, "in_use": 2},
        {"trunk_id": two, "name": "Two", "channel_cap": 4, "in_use": 1},
        {"trunk_id": idle, "name": "Main", "channel_cap": None, "in_use": 0},
    ]


def test_the_peak_of_an_hour(world: World) -> None:
    order_channels(world, 5)
    one, two = trunk_id(world), trunk_id(world)
    admitted(world, one, "a", "b")
    admitted(world, two, "c")
    end(world, one, "a")
    end(world, one, "b")
    admitted(world, two, "d")
    hours = use(world)["hours"]
    # The test may run over the end of an hour; its peaks are the same.
    assert max(hour["peak"] for hour in hours) == 3
    peaks: dict[str, int] = {}
    for hour in hours:
        for trunk in hour["trunks"]:
            peaks[trunk["trunk_id"]] = max(trunk["peak"], peaks.get(trunk["trunk_id"], 0))
    assert peaks == {one: 2, two: 2}
    assert hours[-1]["hour"].endswith(":00:00.000000Z")


def test_hours_are_computed_from_minutes(world: World) -> None:
    order_channels(world, 9)
    trunk = trunk_id(world)
    day = now().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=3)
    for minutes, peak in ((5, 2), (59, 4), (60, 3), (119, 1), (60 * 24, 7)):
        for whose in (None, trunk):
            rows(
                "INSERT INTO trunks_channelpeak (group_id, subscription_id, trunk_id, minute, peak)"
                " VALUES (%s, %s, %s, %s, %s)",
                world.group.id,
                world.subscription.id,
                whose,
                day + timedelta(minutes=minutes),
                peak,
            )
    result = use(world, **{"from": instant(day), "to": instant(day + timedelta(days=1))})
    assert result["hours"] == [
        {"hour": instant(day + timedelta(hours=hour)), "peak": peak,
         "trunks": [{"trunk_id": trunk, "peak": peak}]}
        for hour, peak in ((0, 4), (1, 3))
    ]  # fmt: skip
    assert len(use(world, **{"from": instant(day)})["hours"]) == 3


@pytest.mark.parametrize(
    "period",
    [
        {"from": "2026-03-01T00:00:00Z", "to": "2026-05-01T00:00:00Z"},
        {"from": "2020-01-01T00:00:00Z"},
        {"from": "2999-01-01T00:00:00Z"},
        {"from": "0001-01-01T00:00:00Z"},
        {"from": "yesterday"},
    ],
    ids=repr,
)
def test_no_period(world: World, period: dict[str, str]) -> None:
    before = world.fingerprint()
    query = "&".join(f"{name}={value}" for name, value in period.items())
    path = f"/subscriptions/{world.subscription.id}/channels?{query}"
    problem = refused(world, before, world.call("GET", path), 422, "invalid-fields")
    assert [error["field"] for error in problem["errors"]] == ["from"]


def test_backwards(world: World) -> None:
    before = world.fingerprint()
    query = "from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z"
    for path in (f"/subscriptions/{world.subscription.id}/channels", "/call-records"):
        response = world.call("GET", f"{path}?{query}")
        problem = refused(world, before, response, 422, "invalid-fields")
        assert [error["field"] for error in problem["errors"]] == ["to"]


def test_the_first_instant_of_all(world: World) -> None:
    assert use(world, to="0001-01-01T00:00:00Z")["hours"] == []


def test_the_balance_shows_live_calls(world: World) -> None:
    order_channels(world, 3)
    trunk = trunk_id(world)
    assert channel_balance(world) == (3, 0, 3)
    admitted(world, trunk, "a", "b")
    lapsed(trunk, "c")
    assert channel_balance(world) == (3, 2, 1)
    order_channels(world, -2)
    assert channel_balance(world) == (1, 2, 0)  # above the limit, never below zero
    end(world, trunk, "a")
    assert channel_balance(world) == (1, 1, 0)


def test_totals_show_live_calls(world: World) -> None:
    other = make_subscription(world.tenant, "Another")
    order_channels(world, 3)
    order_channels(world, 2, subscription=other)
    admitted(world, trunk_id(world), "a", "b")
    admitted(world, trunk_id(world, subscription=other), "c")
    for by in (world.group, world.tenant):
        [total] = answer(world.call("GET", "/licenses", by=by))["items"]
        assert (total["granted"], total["used"], total["available"]) == (5, 3, 2)
        items = answer(world.call("GET", "/licenses?by=subscription", by=by))["items"]
        used = {item["subscription_id"]: item["items"][0]["used"] for item in items}
        assert used == {str(world.subscription.id): 2, str(other.id): 1}


def test_a_past_balance_shows_the_peak_of_its_minute(world: World) -> None:
    order_channels(world, 3)
    trunk = trunk_id(world)
    admitted(world, trunk, "a", "b")
    end(world, trunk, "a")
    [(minute,)] = rows(
        "SELECT minute FROM trunks_channelpeak WHERE subscription_id = %s AND trunk_id IS NULL"
        " ORDER BY peak DESC LIMIT 1",
        world.subscription.id,
    )
    [(granted_at,)] = rows(
        "SELECT max(at) FROM ledger_entry WHERE subscription_id = %s", world.subscription.id
    )
    at = max(granted_at, minute)
    assert channel_balance(world, instant(at)) == (3, 2, 1)
    # Of a minute in which nothing happened nobody knows.
    assert channel_balance(world, instant(at + timedelta(minutes=9))) == (3, None, None)


def test_an_end_records_the_peak_of_a_quiet_minute(world: World) -> None:
    """The calls were on in this minute, though nothing else happened in it."""
    order_channels(world, 3)
    trunk = trunk_id(world)
    admitted(world, trunk, "a", "b")
    rows(
        "UPDATE trunks_call SET admitted_at = admitted_at - interval '2 minutes'"
        " WHERE trunk_id = %s::uuid",
        trunk,
    )
    rows("DELETE FROM trunks_channelpeak WHERE subscription_id = %s", world.subscription.id)
    end(world, trunk, "a")
    found = rows(
        "SELECT trunk_id IS NULL, peak FROM trunks_channelpeak WHERE subscription_id = %s",
        world.subscription.id,
    )
    assert sorted(found) == [(False, 2), (True, 2)]


def test_hours_that_a_call_lasted_through(world: World) -> None:
    """Nothing is noted in an hour in which a call only goes on; it is on all the same."""
    order_channels(world, 5)
    one, two = trunk_id(world), trunk_id(world)
    day = now().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=2)

    def at(hours: float) -> datetime:
        return day + timedelta(hours=hours)

    with movable_clock() as go_to:
        go_to(at(9.5))
        for trunk, call in ((one, "a"), (one, "b"), (two, "c")):
            assert by_sql(trunk, call, seconds=6 * 3600)[0] == 201
        go_to(at(11.5))
        end(world, one, "b")
        go_to(at(13.25))
        end(world, one, "a")
        end(world, two, "c")
    hours = use(world, **{"from": instant(day), "to": instant(at(24))})["hours"]
    assert [(hour["hour"], hour["peak"]) for hour in hours] == [
        (instant(at(hour)), peak) for hour, peak in ((9, 3), (10, 3), (11, 3), (12, 2), (13, 2))
    ]
    assert hours[3]["trunks"] == [
        {"trunk_id": trunk, "peak": 1} for trunk in sorted((one, two))
    ]  # in the order of their ids, as in other hours


def test_a_live_call_fills_its_hours(world: World) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    hour = now().replace(minute=0, second=0, microsecond=0)
    with movable_clock() as go_to:
        go_to(hour - timedelta(hours=3.5))
        assert by_sql(trunk, "a", seconds=86_400)[0] == 201
    result = use(world, **{"from": instant(hour - timedelta(hours=6)), "to": instant(hour)})
    assert [each["hour"] for each in result["hours"]] == [
        instant(hour - timedelta(hours=ago)) for ago in (4, 3, 2, 1)
    ]
    end(world, trunk, "a")
