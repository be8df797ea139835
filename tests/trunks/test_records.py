"""Call records: one for every call that is over, listed by period, page by page."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from fusion.kernel.clock import instant, now
from fusion.kernel.ids import new_id
from tests.numbers.stock import refused
from tests.paging import all_items, all_pages
from tests.trunks.calling import admitted, end, lapsed, order_channels, records, rows, trunk_id
from tests.world import World, answer, make_subscription

INSERT = """
INSERT INTO trunks_callrecord (
    group_id, distributor_id, reseller_id, tenant_id, subscription_id, trunk_id, direction, call_id,
    caller, callee, admitted_at, ended_at, emergency, reason)
SELECT s.group_id, s.distributor_id, s.reseller_id, s.tenant_id, s.id, %s::uuid, 'inbound',
       coalesce(%s, 'call ') || i, '+3225550100', '+3225550199',
       w.ended - interval '90.9 seconds', w.ended, false, 'ended'
FROM tenancy_subscription s, generate_series(0, %s::int - 1) i,
     LATERAL (SELECT %s::timestamptz + i * %s::interval AS ended) w
WHERE s.id = %s::uuid
"""


def put_on_record(
    world: World,
    trunk: str,
    count: int,
    *,
    since: datetime,
    step: timedelta = timedelta(seconds=1),
    name: str | None = None,
) -> None:
    """Records of calls that ended one after the other, `call 0` at `since`."""
    rows(INSERT, trunk, name, count, since, step, world.subscription.id)


def test_one_for_every_call_that_is_over(world: World) -> None:
    order_channels(world, 3)
    trunk = trunk_id(world)
    admitted(world, trunk, "a/b", direction="outbound", caller="sip:anna@example.com")
    admitted(world, trunk, "help", callee="112")
    admitted(world, trunk, "goes on")
    end(world, trunk, "a/b", direction="outbound")
    end(world, trunk, "help")
    second, first = records(world)
    assert first == {
        "id": first["id"],
        "subscription_id": str(world.subscription.id),
        "trunk_id": trunk,
        "direction": "outbound",
        "call_id": "a/b",
        "caller": "sip:anna@example.com",
        "callee": "+3225550199",
        "emergency": False,
        "admitted_at": first["admitted_at"],
        "ended_at": first["ended_at"],
        "duration_seconds": 0,
        "reason": "ended",
        "emergency_callback": False,
    }
    assert first["admitted_at"] < first["ended_at"] < second["ended_at"]
    assert second["emergency"] is True


def test_durations_are_whole_elapsed_seconds(world: World, day: datetime) -> None:
    put_on_record(world, trunk_id(world), 1, since=day)
    [record] = records(world)
    assert record["duration_seconds"] == 90


def test_by_period_from_included_to_not(world: World, day: datetime) -> None:
    put_on_record(world, trunk_id(world), 10, since=day)
    since, until = instant(day + timedelta(seconds=3)), instant(day + timedelta(seconds=6))
    found = records(world, **{"from": since, "to": until})
    assert [record["call_id"] for record in found] == ["call 5", "call 4", "call 3"]
    assert len(records(world, to=until)) == 6
    assert len(records(world, **{"from": since})) == 7
    assert records(world, **{"from": instant(now())}) == []


def test_page_by_page_over_months_and_equal_instants(world: World, day: datetime) -> None:
    trunk = trunk_id(world)
    put_on_record(world, trunk, 4, since=day - timedelta(days=45), step=timedelta(days=15))
    put_on_record(world, trunk, 5, since=day, step=timedelta(0), name="same ")
    everything = [record["id"] for record in records(world)]
    assert len(everything) == 9
    found = all_pages(world, "/call-records", 2)
    assert [len(page) for page in found] == [2, 2, 2, 2, 1]
    assert [record["id"] for page in found for record in page] == everything


def test_of_a_subscription_and_of_a_trunk(world: World, day: datetime) -> None:
    one, two = trunk_id(world), trunk_id(world)
    put_on_record(world, one, 2, since=day)
    put_on_record(world, two, 3, since=day)
    other = make_subscription(world.tenant, "Another")
    theirs = trunk_id(world, subscription=other)
    assert len(records(world, subscription_id=world.subscription.id)) == 5
    assert len(records(world, trunk_id=two)) == 3
    assert len(records(world, trunk_id=one, subscription_id=world.subscription.id)) == 2
    assert records(world, trunk_id=theirs) == records(world, subscription_id=other.id) == []
    assert records(world, trunk_id=one, subscription_id=other.id) == []


def test_every_level_sees_its_own(world: World, day: datetime) -> None:
    put_on_record(world, trunk_id(world), 2, since=day)
    sibling = World()
    for by in (world.group, world.distributor, world.reseller, world.tenant):
        assert len(answer(world.call("GET", "/call-records", by=by))["items"]) == 2
    assert answer(sibling.call("GET", "/call-records"))["items"] == []
    before = world.fingerprint()
    for query in (
        f"trunk_id={trunk_id(sibling)}",
        f"trunk_id={new_id()}",
        f"subscription_id={sibling.subscription.id}",
        f"subscription_id={sibling.subscription.id}&format=csv",
    ):
        refused(world, before, world.call("GET", f"/call-records?{query}"), 404, "not-found")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=yesterday", "from"),
        ("to=2026-03-01T00:00:00", "to"),
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("format=xml", "format"),
        ("cursor=x", "cursor"),
        ("cursor=WyJhIiwiYiJd", "cursor"),
        ("cursor=WyIyMDI2LTAzLTAxVDAwOjAwOjAwWiIsIi0xIl0", "cursor"),
        ("trunk_id=1", "trunk_id"),
    ],
)
def test_wrong_questions(world: World, query: str, field: str) -> None:
    before = world.fingerprint()
    response = world.call("GET", f"/call-records?{query}")
    problem = refused(world, before, response, 422, "invalid-fields")
    assert [error["field"] for error in problem["errors"]] == [field]


def test_live_calls_are_listed_page_by_page(world: World) -> None:
    order_channels(world, 20)
    trunks = sorted(trunk_id(world) for _ in range(2))
    wanted: list[Any] = []
    for trunk in trunks:
        for direction in ("inbound", "outbound"):
            for call in ("A", "Z", "a", "é"):
                admitted(world, trunk, call, direction=direction)
                wanted.append((trunk, direction, call))
    lapsed(trunks[0], "gone")
    found = all_items(world, "/calls", 3)
    assert [(each["trunk_id"], each["direction"], each["call_id"]) for each in found] == wanted
    by_trunk = answer(world.call("GET", f"/calls?trunk_id={trunks[1]}", by=world.tenant))["items"]
    assert [each["trunk_id"] for each in by_trunk] == [trunks[1]] * 8
