"""Leases: renewals, retransmissions, ends twice or too early, and what lapses by itself."""

import pytest

from tests.numbers.stock import refused
from tests.trunks.calling import (
    CALLEE,
    CALLER,
    admitted,
    by_sql,
    call_path,
    end,
    lapsed,
    live,
    order_channels,
    outcomes,
    put,
    records,
    renewed,
    rows,
    trunk_id,
)
from tests.world import World, answer


def test_a_renewal_takes_no_second_channel(world: World) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    leases = [admitted(world, trunk, "a")["lease_expires_at"]]
    for _ in range(3):
        result = renewed(world, trunk, "a")
        assert (result["in_use"], result["channels"], result["emergency"]) == (1, 1, False)
        leases.append(result["lease_expires_at"])
    assert leases == sorted(set(leases))
    assert live(world) == ["a"] and records(world) == []


def test_a_retransmission_renews_and_keeps_caller_and_callee(world: World) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    admitted(world, trunk, "a")
    result = renewed(world, trunk, "a", caller="+3225550111", callee="112")
    assert result["emergency"] is False
    [call] = answer(world.call("GET", "/calls"))["items"]
    assert (call["caller"], call["callee"]) == (CALLER, CALLEE)


def test_the_lease_is_as_long_as_is_set(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    [(before,)] = rows("SELECT clock_timestamp()")
    for seconds in (3, 86_400):
        monkeypatch.setenv("FUSION_CALL_LEASE_SECONDS", str(seconds))
        put(world, trunk, "a")
        [(left,)] = rows(
            "SELECT extract(epoch FROM lease_expires_at - %s)::float8 FROM trunks_call"
            " WHERE trunk_id = %s::uuid",
            before,
            trunk,
        )
        assert seconds <= left < seconds + 2


def test_ended_twice(world: World) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    admitted(world, trunk, "a")
    end(world, trunk, "a")
    before = world.fingerprint()
    end(world, trunk, "a")
    assert world.fingerprint() == before
    assert outcomes(world) == {"a": "ended"}


def test_an_ended_call_cannot_be_admitted_again(world: World) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    admitted(world, trunk, "a")
    end(world, trunk, "a")
    before = world.fingerprint()
    refused(world, before, put(world, trunk, "a"), 410, "call-ended")
    refused(world, before, put(world, trunk, "a", callee="112"), 410, "call-ended")
    assert world.call("GET", call_path(trunk, "a")).status_code == 404
    admitted(world, trunk, "b")


def test_an_end_that_overtakes_its_admission(world: World) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    end(world, trunk, "a")
    before = world.fingerprint()
    refused(world, before, put(world, trunk, "a"), 410, "call-ended")
    end(world, trunk, "a")
    assert world.fingerprint() == before
    assert live(world) == [] and records(world) == []  # there never was a call
    # A call the other way has a name of its own.
    admitted(world, trunk, "a", direction="outbound")


def test_an_expired_call_stops_counting_before_any_sweep(world: World) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    lapsed(trunk, "a")
    assert live(world) == []
    assert world.call("GET", call_path(trunk, "a")).status_code == 404
    assert records(world) == []  # no worker has been there
    assert admitted(world, trunk, "b")["in_use"] == 1


def test_renewed_too_late_it_is_another_call(world: World) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    lapsed(trunk, "a", caller="+3225550111")
    assert admitted(world, trunk, "a")["in_use"] == 1
    [record] = records(world)
    assert (record["call_id"], record["reason"]) == ("a", "lapsed")
    assert record["caller"] == "+3225550111"
    [call] = answer(world.call("GET", "/calls"))["items"]
    assert call["admitted_at"] > record["ended_at"] > record["admitted_at"]
    assert call["caller"] == CALLER
    end(world, trunk, "a")
    assert [each["reason"] for each in records(world)] == ["ended", "lapsed"]


def test_renewed_too_late_and_no_channel_left(world: World) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    lapsed(trunk, "a")
    admitted(world, trunk, "b")
    before = world.fingerprint()
    refused(world, before, put(world, trunk, "a"), 409, "no-free-channel")


def test_an_end_after_expiry_records_the_expiry(world: World) -> None:
    order_channels(world, 1)
    trunk = trunk_id(world)
    lapsed(trunk, "a")
    [(lease,)] = rows(
        "SELECT kernel_instant(lease_expires_at) FROM trunks_call WHERE trunk_id = %s::uuid", trunk
    )
    end(world, trunk, "a")
    [record] = records(world)
    assert (record["reason"], record["ended_at"]) == ("lapsed", lease)
    before = world.fingerprint()
    refused(world, before, put(world, trunk, "a"), 410, "call-ended")


def test_an_expired_lease_frees_the_trunk_cap(world: World) -> None:
    order_channels(world, 5)
    trunk = trunk_id(world, channel_cap=1)
    lapsed(trunk, "a")
    admitted(world, trunk, "b")
    assert by_sql(trunk, "c")[1]["limit"] == "trunk"


def test_ending_an_impossible_call_leaves_no_tombstone(world: World) -> None:
    trunk = trunk_id(world)
    before = world.fingerprint()
    for direction, call_id in (("sideways", "a"), ("inbound", ""), ("inbound", "1" * 256)):
        [(ended,)] = rows(
            "SELECT calls.end_call(%s::uuid, %s::text, %s::text)", trunk, direction, call_id
        )
        assert ended is False
    assert world.fingerprint() == before
