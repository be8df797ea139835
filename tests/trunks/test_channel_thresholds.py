"""`channel.threshold`: live calls reach 80 and 100 per cent of channels or cap, once an hour."""

from collections import Counter
from functools import partial
from typing import Any

from tests.concurrency.actors import at_once
from tests.trunks.calling import (
    admitted,
    by_sql,
    end,
    make_trunk,
    order_channels,
    put,
    renewed,
    rows,
    trunk_id,
    trunks_path,
)
from tests.world import World, answer


def thresholds(world: World) -> list[Any]:
    """The data of the events, in their sequence."""
    found = rows(
        "SELECT data FROM events_event WHERE group_id = %s AND type = 'channel.threshold'"
        " ORDER BY epoch, xid, id",
        world.group.id,
    )
    return [data for (data,) in found]


def pass_minutes(world: World, minutes: int) -> None:
    """As if the thresholds had been reached so much earlier."""
    rows(
        "UPDATE trunks_channelthreshold SET at = at - make_interval(mins => %s::int)"
        " WHERE group_id = %s",
        minutes,
        world.group.id,
    )


def test_upward_at_80_and_100(world: World) -> None:
    order_channels(world, 5)
    trunk = trunk_id(world)
    admitted(world, trunk, "a", "b", "c")
    assert thresholds(world) == []
    admitted(world, trunk, "d")
    renewed(world, trunk, "d")
    (first,) = thresholds(world)
    assert first == {
        "subject": "subscription",
        "subscription_id": str(world.subscription.id),
        "trunk_id": None,
        "live": 4,
        "limit": 5,
        "percent": 80,
        "at": first["at"],
    }
    admitted(world, trunk, "e")
    end(world, trunk, "e")
    end(world, trunk, "d")
    assert [(each["percent"], each["live"]) for each in thresholds(world)] == [(80, 4), (100, 5)]


def test_in_the_feed_for_those_above(world: World) -> None:
    order_channels(world, 1)
    admitted(world, trunk_id(world), "a")
    for organization in (world.group, world.reseller, world.tenant):
        items = answer(world.call("GET", "/events?limit=500", by=organization))["items"]
        found = [each for each in items if each["type"].endswith("channel.threshold")]
        assert [each["data"]["percent"] for each in found] == [80, 100]
        assert found[0]["subject"] == found[0]["subscriptionid"] == str(world.subscription.id)


def test_a_trunk_with_a_cap(world: World) -> None:
    order_channels(world, 100)
    capped, other = trunk_id(world, channel_cap=2), trunk_id(world)
    admitted(world, other, "x", "y", "z")
    admitted(world, capped, "a")
    assert thresholds(world) == []
    admitted(world, capped, "b")
    assert [
        (each["subject"], each["trunk_id"], each["percent"], each["live"], each["limit"])
        for each in thresholds(world)
    ] == [("trunk", capped, 80, 2, 2), ("trunk", capped, 100, 2, 2)]


def test_at_most_hourly(world: World) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    for call_id in ("a", "b"):
        admitted(world, trunk, call_id)
        end(world, trunk, call_id)
    assert len(thresholds(world)) == 2
    pass_minutes(world, 59)
    admitted(world, trunk, "c")
    end(world, trunk, "c")
    assert len(thresholds(world)) == 2
    pass_minutes(world, 1)
    admitted(world, trunk, "d")
    assert [each["percent"] for each in thresholds(world)] == [80, 100, 80, 100]


def test_refused_calls_and_no_channels_emit_nothing(world: World) -> None:
    trunk = trunk_id(world, channel_cap=0)
    put(world, trunk, "a")
    admitted(world, trunk, "help", callee="112")
    assert thresholds(world) == []


def test_an_emergency_call_that_reaches_the_limit(world: World) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    admitted(world, trunk, "help", "help too", callee="112")
    assert [(each["percent"], each["live"]) for each in thresholds(world)] == [(80, 1), (100, 1)]


def test_a_limit_changed_while_calls_are_live_keeps_counting_them(world: World) -> None:
    """More channels and a lower cap apply to the next call; live calls count on."""
    order_channels(world, 4)
    trunk = trunk_id(world)
    admitted(world, trunk, "a", "b")
    order_channels(world, -2)
    assert put(world, trunk, "c").status_code == 409
    order_channels(world, 1)
    assert admitted(world, trunk, "c")["in_use"] == 3
    world.call("PATCH", trunks_path(world, trunk), {"channel_cap": 3})
    order_channels(world, 5)
    refusal = answer(put(world, trunk, "d"))
    assert (refusal["code"], refusal["limit"]) == ("no-free-channel", "trunk")
    assert refusal["refusals"][0]["used"] == 3
    world.call("PATCH", trunks_path(world, trunk), {"channel_cap": None})
    assert admitted(world, trunk, "d")["in_use"] == 4
    end(world, trunk, "a")
    assert answer(put(world, trunk, "b"))["in_use"] == 3


def test_several_at_once_emit_each_once(world: World) -> None:
    order_channels(world, 10)
    trunk = make_trunk(world)["id"]
    calls = [partial(by_sql, trunk, f"{i}") for i in range(12)]
    assert Counter(status for status, _ in at_once(*calls)) == {201: 10, 409: 2}
    assert [(each["percent"], each["live"]) for each in thresholds(world)] == [(80, 8), (100, 10)]
