"""Events of trunks and routed numbers: a mirror can be kept by the feed alone."""

from typing import Any

from tests.numbers.stock import assigned, entitle, stock
from tests.trunks.calling import make_trunk, rows, trunks_path
from tests.world import World, answer


def events(world: World) -> list[tuple[str, str, Any]]:
    """Type, subject and data of the events of trunks and routes."""
    return rows(
        "SELECT type, subject, data FROM events_event WHERE group_id = %s"
        " AND (type LIKE 'trunk.%%' OR type LIKE 'number.%%routed') ORDER BY epoch, xid, id",
        world.group.id,
    )


def test_a_trunks_life(world: World) -> None:
    trunk = make_trunk(world)
    path = trunks_path(world, trunk["id"])
    changed = answer(world.call("PATCH", path, {"calls_per_second": 5, "name": "Other"}))
    for nothing in ({}, {"name": "Other"}, {"calls_per_second": 5}):
        assert world.call("PATCH", path, nothing).status_code == 200
    assert world.call("DELETE", path).status_code == 204
    id = trunk["id"]
    assert events(world) == [
        ("trunk.created", id, trunk),
        ("trunk.changed", id, changed),
        ("trunk.deleted", id, changed),
    ]


def test_numbers_on_a_trunk(world: World) -> None:
    entitle(world, 1)
    [number] = stock(world, 1)
    assigned(world, number)
    path = trunks_path(world, make_trunk(world)["id"], "numbers", number)
    for _ in range(2):
        routed = answer(world.call("PUT", path))
    for _ in range(2):
        assert world.call("DELETE", path).status_code == 204
    routed_event, unrouted = events(world)[1:]
    assert routed_event == ("number.routed", number, routed)
    assert unrouted == ("number.unrouted", number, {**routed, "trunk_id": None})


def test_those_above_read_them(world: World) -> None:
    make_trunk(world)
    for organization in (world.group, world.distributor, world.reseller, world.tenant):
        items = answer(world.call("GET", "/events?limit=500", by=organization))["items"]
        (event,) = [each for each in items if each["type"] == "trunk.created"]
        assert event["subscriptionid"] == str(world.subscription.id)
