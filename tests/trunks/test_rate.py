"""The calls per second of a trunk: exact over all servers, and only for new ordinary calls."""

import time
from collections import Counter
from functools import partial
from typing import Any

import pytest

from tests.concurrency.actors import at_once
from tests.numbers.stock import refused
from tests.trunks.calling import (
    admitted,
    by_sql,
    end,
    order_channels,
    put,
    renewed,
    rows,
    trunk_id,
    trunks_path,
)
from tests.world import World, answer


def later(trunk: str, milliseconds: float) -> None:
    """As if the trunk's calls had begun so much earlier."""
    rows(
        "UPDATE trunks_ratedcall SET at = at - make_interval(secs => %s::float8)"
        " WHERE trunk_id = %s",
        milliseconds / 1000,
        trunk,
    )


def too_many(world: World, before: Any, trunk: str, call_id: str, **more: Any) -> int:
    """The milliseconds to wait of a refusal."""
    problem = refused(world, before, put(world, trunk, call_id, **more), 409, "too-many-calls")
    assert problem["limit"] == "rate"
    wait = problem["retry_after_ms"]
    assert isinstance(wait, int) and 0 < wait <= 1000 and f"{wait} ms" in problem["detail"]
    return wait


def test_no_more_than_allowed_within_a_second(world: World) -> None:
    order_channels(world, 10)
    trunk = trunk_id(world, calls_per_second=2)
    admitted(world, trunk, "a", "b")
    before = world.fingerprint()
    problem = refused(world, before, put(world, trunk, "c"), 409, "too-many-calls")
    assert problem["allowed"] == 2
    status, answered = by_sql(trunk, "c")
    assert (status, answered["code"], answered["allowed"]) == (409, "too-many-calls", 2)
    later(trunk, 1000)
    admitted(world, trunk, "c", "d")
    before = world.fingerprint()
    too_many(world, before, trunk, "e")


def test_the_time_to_wait_is_true(world: World) -> None:
    order_channels(world, 10)
    trunk = trunk_id(world, calls_per_second=1)
    admitted(world, trunk, "a")
    later(trunk, 600)
    wait = too_many(world, world.fingerprint(), trunk, "b")
    assert wait <= 400
    time.sleep(wait / 1000)
    admitted(world, trunk, "b")


def test_a_window_and_no_clock_second(world: World) -> None:
    """Two calls within the last 1,000 ms are two, wherever a second of the clock begins."""
    order_channels(world, 10)
    trunk = trunk_id(world, calls_per_second=2)
    admitted(world, trunk, "a")
    later(trunk, 500)
    admitted(world, trunk, "b")
    before = world.fingerprint()
    assert too_many(world, before, trunk, "c") <= 500
    later(trunk, 500)  # the first is over a second old
    admitted(world, trunk, "c")


def test_renewals_emergency_calls_and_other_trunks_pass(world: World) -> None:
    order_channels(world, 10)
    trunk, other = trunk_id(world, calls_per_second=1), trunk_id(world)
    admitted(world, trunk, "a")
    renewed(world, trunk, "a")
    admitted(world, trunk, "help", "help too", callee="112")
    admitted(world, other, "a", "b", "c")
    end(world, trunk, "a")
    before = world.fingerprint()
    too_many(world, before, trunk, "b")  # the ended call began within this second
    later(trunk, 1000)
    admitted(world, trunk, "b")  # emergency calls did not count


def test_callbacks_pass(world: World) -> None:
    order_channels(world, 10)
    trunk = trunk_id(world, calls_per_second=1)
    admitted(world, trunk, "help", direction="outbound", caller="", callee="112")
    assert admitted(world, trunk, "a")["emergency_callback"] is False
    assert admitted(world, trunk, "back")["emergency_callback"] is True


def test_other_refusals_come_first_and_refused_calls_do_not_count(world: World) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world, calls_per_second=1)
    admitted(world, trunk, "a")
    before = world.fingerprint()
    refused(world, before, put(world, trunk, "b"), 409, "no-free-channel")
    end(world, trunk, "a")
    later(trunk, 1000)
    before = world.fingerprint()
    order_channels(world, 1)
    admitted(world, trunk, "b")


def test_a_limit_counts_the_calls_before_it(world: World) -> None:
    order_channels(world, 10)
    trunk = trunk_id(world)
    path = trunks_path(world, trunk)
    admitted(world, trunk, "a", "b")
    assert answer(world.call("PATCH", path, {"calls_per_second": 2}))["calls_per_second"] == 2
    too_many(world, world.fingerprint(), trunk, "c")
    world.call("PATCH", path, {"calls_per_second": 3})
    admitted(world, trunk, "c")
    world.call("PATCH", path, {"calls_per_second": None})
    admitted(world, trunk, "d", "e")


@pytest.mark.usefixtures("crowded")
def test_a_crowd_by_both_ways(world: World) -> None:
    order_channels(world, 50)
    trunk = trunk_id(world, calls_per_second=7)
    calls = [partial(by_sql, trunk, f"sql {i}") for i in range(6)]
    calls += [lambda i=i: (put(world, trunk, f"http {i}").status_code, None) for i in range(6)]  # type: ignore[misc]
    began = time.monotonic()
    statuses = Counter(status for status, _ in at_once(*calls))
    took = time.monotonic() - began
    # On a slow machine they take longer than the second that counts.
    times = rows(
        "SELECT admitted_at FROM trunks_call WHERE trunk_id = %s ORDER BY admitted_at", trunk
    )
    assert statuses[201] == len(times) and statuses[201] + statuses[409] == 12
    assert statuses[201] == 7 or took > 1
    for first, eighth in zip(times, times[7:], strict=False):
        assert (eighth[0] - first[0]).total_seconds() >= 1
