"""Attended transfer: a call that replaces another one needs no second channel."""

from collections import Counter
from functools import partial
from typing import Any

from fusion.cli.verify import differences
from fusion.trunks.sweep import sweep_calls
from tests.concurrency.actors import at_once
from tests.numbers.stock import refused
from tests.trunks.calling import (
    admitted,
    call_path,
    end,
    lapsed,
    order_channels,
    put,
    records,
    renewed,
    rows,
    trunk_id,
)
from tests.trunks.test_channel_thresholds import thresholds
from tests.trunks.test_trunks import suspend
from tests.world import World, answer, make_subscription

BODY = {"caller": "+3225550100", "callee": "+3225550199"}


def replace(world: World, trunk: str, call_id: str, replaces: Any, **more: Any) -> Any:
    """The response to a call that replaces another one."""
    body = {**BODY, "replaces": replaces, **more}
    return world.call("PUT", call_path(trunk, call_id), body)


def replaced(world: World, trunk: str, call_id: str, replaces: str, **more: Any) -> Any:
    """The answer to one that is admitted."""
    response = replace(world, trunk, call_id, replaces, **more)
    assert response.status_code == 201, response.content
    return answer(response)


def in_use(world: World) -> int:
    """The channels in use, which the list of channels and the balances agree about."""
    channels = answer(world.call("GET", f"/subscriptions/{world.subscription.id}/channels"))
    balances = answer(world.call("GET", f"/subscriptions/{world.subscription.id}/balances"))
    [used] = [each["used"] for each in balances["items"] if each["metric"] == "sip_channel"]
    assert used == channels["in_use"] == sum(each["in_use"] for each in channels["trunks"])
    return int(used)


def test_the_pair_counts_once_until_either_ends(world: World) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world, channel_cap=1, calls_per_second=1)
    admitted(world, trunk, "a")
    assert replaced(world, trunk, "b", "a")["in_use"] == 1
    assert in_use(world) == 1
    before = world.fingerprint()
    refused(world, before, put(world, trunk, "c"), 409, "no-free-channel")
    end(world, trunk, "a")
    assert in_use(world) == 1  # now it is the new call's
    before = world.fingerprint()
    refused(world, before, put(world, trunk, "c"), 409, "no-free-channel")
    end(world, trunk, "b")
    assert in_use(world) == 0
    assert [each["percent"] for each in thresholds(world) if each["subject"] == "trunk"] == [
        80,
        100,
    ]


def test_the_new_call_ends_first(world: World) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    admitted(world, trunk, "a")
    replaced(world, trunk, "b", "a")
    end(world, trunk, "b")
    assert in_use(world) == 1
    before = world.fingerprint()
    refused(world, before, replace(world, trunk, "c", "a"), 409, "no-free-channel")  # once
    end(world, trunk, "a")
    assert in_use(world) == 0


def test_a_lease_that_expires_is_an_end(world: World) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    admitted(world, trunk, "a")
    replaced(world, trunk, "b", "a")
    rows(
        "UPDATE trunks_call SET lease_expires_at = kernel_now()"
        " WHERE call_id = 'a' AND trunk_id = %s",
        trunk,
    )
    rows(
        "UPDATE trunks_call SET shares_until = kernel_now() WHERE call_id = 'b' AND trunk_id = %s",
        trunk,
    )
    assert in_use(world) == 1
    sweep_calls()
    assert in_use(world) == 1
    before = world.fingerprint()
    refused(world, before, put(world, trunk, "a"), 409, "no-free-channel")


def test_renewals_keep_the_pair_together(world: World) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    admitted(world, trunk, "a")
    replaced(world, trunk, "b", "a")
    for call_id in ("a", "b", "a"):
        assert renewed(world, trunk, call_id)["in_use"] == 1
    [(lease, shared)] = rows(
        "SELECT a.lease_expires_at, b.shares_until FROM trunks_call a, trunks_call b"
        " WHERE a.trunk_id = %s AND a.call_id = 'a'"
        " AND b.trunk_id = a.trunk_id AND b.call_id = 'b'",
        trunk,
    )
    assert lease == shared


def test_no_chain_shares_one_channel(world: World) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    admitted(world, trunk, "a")
    replaced(world, trunk, "b", "a")
    before = world.fingerprint()
    for former in ("a", "b"):
        refused(world, before, replace(world, trunk, "c", former), 409, "no-free-channel")
    end(world, trunk, "a")
    replaced(world, trunk, "c", "b")
    assert in_use(world) == 1


def test_on_another_trunk_of_the_subscription(world: World) -> None:
    order_channels(world, 1)
    first, second = trunk_id(world), trunk_id(world)
    admitted(world, first, "a", direction="outbound")
    replaced(world, second, "b", "a")
    channels = answer(world.call("GET", f"/subscriptions/{world.subscription.id}/channels"))
    assert {each["trunk_id"]: each["in_use"] for each in channels["trunks"]} == {
        first: 1,
        second: 0,
    }
    end(world, first, "a", direction="outbound")
    assert in_use(world) == 1


def test_a_name_that_a_proxy_has_derived_from_the_call_id(world: World) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    admitted(world, trunk, "a84b@192.0.2.1;17")
    before = world.fingerprint()
    refused(world, before, replace(world, trunk, "b", "a84b"), 409, "no-free-channel")
    replaced(world, trunk, "b", "a84b@192.0.2.1")
    items = answer(world.call("GET", "/calls"))["items"]
    assert {each["call_id"]: each["replaces"] for each in items} == {
        "a84b@192.0.2.1;17": None,
        "b": "a84b@192.0.2.1;17",
    }


def test_without_such_a_call_it_is_decided_like_any_other(world: World) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    other = make_subscription(world.tenant, "Another")
    order_channels(world, 1, other)
    elsewhere = trunk_id(world, subscription=other)
    admitted(world, elsewhere, "of another subscription")
    lapsed(trunk, "lapsed")
    admitted(world, trunk, "ended")
    end(world, trunk, "ended")
    admitted(world, trunk, "a")
    before = world.fingerprint()
    for former in ("none", "of another subscription", "lapsed", "ended", "b"):
        refused(world, before, replace(world, trunk, "b", former), 409, "no-free-channel")
    order_channels(world, 1)
    assert replaced(world, trunk, "b", "none")["in_use"] == 2


def test_refused_while_suspended_and_for_bad_input(world: World) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    admitted(world, trunk, "a")
    before = world.fingerprint()
    for wrong in ("", " ", 5, "x" * 256, ["a"]):
        refused(world, before, replace(world, trunk, "b", wrong), 422, "invalid-fields")
    suspend(world)
    before = world.fingerprint()
    refused(world, before, replace(world, trunk, "b", "a"), 409, "subscription-suspended")


def test_by_sql(world: World) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    admitted(world, trunk, "a")
    statement = (
        "SELECT status, answer FROM calls.admit_replacing(%s::uuid, 'inbound', %s::text,"
        " '+3225550100', '+3225550199', %s::text)"
    )
    assert rows(statement, trunk, "b", "a")[0][0] == 201
    assert rows(statement, trunk, "b", "a")[0][0] == 200
    [(status, problem)] = rows(statement, trunk, "c", "a")
    assert (status, problem["code"]) == (409, "no-free-channel")
    assert rows(statement, trunk, "c", "")[0][0] == 422


def test_a_crowd_replaces_once(world: World) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    admitted(world, trunk, "a")
    calls = [partial(replace, world, trunk, f"b{i}", "a") for i in range(8)]
    assert Counter(response.status_code for response in at_once(*calls)) == {201: 1, 409: 7}
    assert in_use(world) == 1


def test_the_books_agree(world: World) -> None:
    """The peak of the minute is one, although two calls were live at one time."""
    order_channels(world, 2)
    trunk = trunk_id(world)
    admitted(world, trunk, "a")
    replaced(world, trunk, "b", "a")
    end(world, trunk, "a")
    replaced(world, trunk, "c", "b")
    end(world, trunk, "c")
    end(world, trunk, "b")
    assert len(records(world)) == 3
    peaks = rows(
        "SELECT max(peak) FROM trunks_channelpeak WHERE subscription_id = %s", world.subscription.id
    )
    assert peaks == [(1,)]
    assert [line for line in differences() if str(world.subscription.id) in line] == []
