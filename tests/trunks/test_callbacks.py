"""After an emergency call, calls back to the number that made it pass for an hour."""

from collections import Counter
from dataclasses import dataclass
from functools import partial

import pytest

from fusion.trunks.sweep import sweep_calls
from tests.concurrency.actors import at_once
from tests.numbers.stock import assigned, entitle, refused, stock
from tests.ordering.placing import terminate
from tests.trunks.calling import (
    CALLER,
    admitted,
    by_sql,
    end,
    lapsed,
    order_channels,
    put,
    records,
    rows,
    trunk_id,
    trunks_path,
)
from tests.trunks.test_trunks import suspend
from tests.world import World, answer

HOUR = 60
"""Minutes."""


@dataclass
class Line:
    """A trunk without channels, and its two numbers."""

    trunk: str
    number: str
    other: str


@pytest.fixture
def line(world: World) -> Line:
    """A French trunk without channels, with two numbers."""
    entitle(world, 2)
    number, other = stock(world, 2)
    assigned(world, number, other)
    trunk = trunk_id(world, country="FR")
    for each in (number, other):
        assert world.call("PUT", trunks_path(world, trunk, "numbers", each)).status_code == 200
    return Line(trunk, number, other)


def help(world: World, line: Line, call_id: str = "help", caller: str | None = None) -> None:
    """Make an emergency call, by default from the first number, and end it."""
    caller = line.number if caller is None else caller
    admitted(world, line.trunk, call_id, direction="outbound", caller=caller, callee="112")
    end(world, line.trunk, call_id, direction="outbound")


def pass_minutes(world: World, minutes: float) -> None:
    """As if so many minutes had passed since the emergency calls."""
    rows(
        "UPDATE trunks_emergencycaller SET callable_until = callable_until"
        " - make_interval(secs => %s::float8) WHERE group_id = %s",
        minutes * 60,
        world.group.id,
    )


def test_a_callback_passes_and_is_flagged(world: World, line: Line) -> None:
    before = world.fingerprint()
    refused(
        world, before, put(world, line.trunk, "early", callee=line.number), 409, "no-free-channel"
    )
    help(world, line)
    result = admitted(world, line.trunk, "back", callee=line.number)
    assert (result["emergency"], result["emergency_callback"], result["in_use"]) == (
        False,
        True,
        1,
    )
    assert answer(put(world, line.trunk, "back", callee=line.number))["emergency_callback"] is True
    (call,) = answer(world.call("GET", "/calls"))["items"]
    assert (call["call_id"], call["emergency_callback"]) == ("back", True)
    end(world, line.trunk, "back")
    flags = {record["call_id"]: record["emergency_callback"] for record in records(world)}
    assert flags == {"help": False, "back": True}


def test_while_the_emergency_call_is_live(world: World, line: Line) -> None:
    admitted(world, line.trunk, "help", direction="outbound", callee="112", caller=line.number)
    assert admitted(world, line.trunk, "back", callee=line.number)["emergency_callback"] is True


def test_suspended_capped_and_terminated(world: World, line: Line) -> None:
    world.call("PATCH", trunks_path(world, line.trunk), {"channel_cap": 0})
    suspend(world)
    help(world, line)
    admitted(world, line.trunk, "suspended", callee=line.number)
    rows("UPDATE numbers_number SET trunk_id = NULL WHERE trunk_id = %s", line.trunk)
    terminate(world)
    admitted(world, line.trunk, "terminated", callee=line.number)


FORMS = (
    "+33199{}",
    "0033 1 99.{}",
    "33199{}",
    "sip:+33199{}@example.com",
    "0199/{}",
    "199{}",
    "99{}",
)


@pytest.mark.parametrize("caller", FORMS)
@pytest.mark.parametrize("callee", FORMS)
def test_however_systems_write_the_number(world: World, caller: str, callee: str) -> None:
    line = Line(trunk_id(world, country="FR"), "", "")
    help(world, line, caller=caller.format("001234"))
    before = world.fingerprint()
    other = put(world, line.trunk, "other", callee=callee.format("001235"))
    refused(world, before, other, 409, "no-free-channel")
    admitted(world, line.trunk, "back", callee=callee.format("001234"))


def test_another_number_of_the_trunk_does_not_pass(world: World, line: Line) -> None:
    help(world, line)
    before = world.fingerprint()
    for callee in (line.other, f"0{line.other[3:]}", "+3225550199"):
        refused(world, before, put(world, line.trunk, "x", callee=callee), 409, "no-free-channel")
    outbound = put(world, line.trunk, "x", callee=line.number, direction="outbound")
    refused(world, before, outbound, 409, "no-free-channel")
    another = trunk_id(world)
    before = world.fingerprint()
    refused(world, before, put(world, another, "x", callee=line.number), 409, "no-free-channel")


@pytest.mark.parametrize("caller", ["", "anonymous", "17", "sip:alice@example.com"])
def test_any_number_after_an_unknown_caller(world: World, line: Line, caller: str) -> None:
    help(world, line, caller=caller)
    assert admitted(world, line.trunk, "back", callee=line.other)["emergency_callback"] is True


def test_for_an_hour_after_the_end(world: World, line: Line) -> None:
    help(world, line)
    pass_minutes(world, HOUR - 0.5)
    admitted(world, line.trunk, "back", callee=line.number)
    end(world, line.trunk, "back")
    pass_minutes(world, 0.5)
    before = world.fingerprint()
    refused(
        world, before, put(world, line.trunk, "late", callee=line.number), 409, "no-free-channel"
    )


def test_for_an_hour_after_the_lease_of_a_lost_call(world: World, line: Line) -> None:
    lapsed(line.trunk, "help", direction="outbound", caller=line.number, callee="112")
    sweep_calls()
    assert [record["reason"] for record in records(world)] == ["lapsed"]
    admitted(world, line.trunk, "back", callee=line.number)
    end(world, line.trunk, "back")
    pass_minutes(world, HOUR)
    before = world.fingerprint()
    refused(
        world, before, put(world, line.trunk, "late", callee=line.number), 409, "no-free-channel"
    )
    assert sweep_calls() >= 1
    assert rows("SELECT FROM trunks_emergencycaller WHERE group_id = %s", world.group.id) == []


def test_the_hour_of_several_emergency_calls_begins_with_the_end_of_the_last(
    world: World, line: Line
) -> None:
    admitted(
        world, line.trunk, "first", "second", direction="outbound", callee="112", caller=line.number
    )
    end(world, line.trunk, "first", direction="outbound")
    pass_minutes(world, HOUR)  # only the lease of the second keeps it open
    assert admitted(world, line.trunk, "back", callee=line.number)["emergency_callback"] is True
    end(world, line.trunk, "second", direction="outbound")
    pass_minutes(world, HOUR)
    before = world.fingerprint()
    refused(
        world, before, put(world, line.trunk, "late", callee=line.number), 409, "no-free-channel"
    )


def test_two_at_a_time_above_the_limit(world: World, line: Line) -> None:
    help(world, line)
    admitted(world, line.trunk, "one", "two", callee=line.number)
    before = world.fingerprint()
    refused(
        world, before, put(world, line.trunk, "three", callee=line.number), 409, "no-free-channel"
    )
    end(world, line.trunk, "one")
    admitted(world, line.trunk, "three", callee=line.number)


def test_within_the_limit_it_is_an_ordinary_call(world: World, line: Line) -> None:
    order_channels(world, 1)
    help(world, line)
    assert admitted(world, line.trunk, "fits", callee=line.number)["emergency_callback"] is False
    result = admitted(world, line.trunk, "one", "two", callee=line.number)
    assert (result["emergency_callback"], result["in_use"]) == (True, 3)


def test_a_crowd_of_callbacks(world: World, line: Line) -> None:
    help(world, line)
    calls = [partial(by_sql, line.trunk, f"{i}", callee=line.number) for i in range(8)]
    assert Counter(status for status, _ in at_once(*calls)) == {201: 2, 409: 6}


def test_deleting_the_trunk_deletes_its_callers(world: World) -> None:
    trunk = trunk_id(world)
    help(world, Line(trunk, CALLER, CALLER))
    assert world.call("DELETE", trunks_path(world, trunk)).status_code == 204
    assert rows("SELECT FROM trunks_emergencycaller WHERE trunk_id = %s", trunk) == []


def test_prefixes_of_a_trunk(world: World) -> None:
    trunk = trunk_id(world, outside_line_prefixes=["0", "*9"])
    path = trunks_path(world, trunk)
    assert answer(world.call("GET", path))["outside_line_prefixes"] == ["0", "*9"]
    assert admitted(world, trunk, "a", callee="0112")["emergency"] is True
    changed = world.call("PATCH", path, {"outside_line_prefixes": []})
    assert answer(changed)["outside_line_prefixes"] == []
    before = world.fingerprint()
    response = put(world, trunk, "b", callee="0112", direction="outbound")
    refused(world, before, response, 409, "no-free-channel")
    for wrong in (
        ["+"],
        ["12345"],
        [""],
        ["0", "0"],
        ["1", "2", "3", "4", "5", "6"],
        [0],
        "0",
        None,
    ):
        response = world.call("PATCH", path, {"outside_line_prefixes": wrong})
        refused(world, before, response, 422, "invalid-fields")
