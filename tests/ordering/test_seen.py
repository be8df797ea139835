"""Failed orders are marked as seen: who and when, once, by the group alone."""

from typing import Any
from uuid import UUID

import orjson
import pytest
from django.db import IntegrityError, ProgrammingError, connection

from fusion.access.actor import AGENT, VIEWER
from fusion.cli.verify import differences
from fusion.kernel.errors import Problem
from fusion.ordering.see import see_failure, see_failures
from tests.catalogue.acting import together
from tests.lifecycle.dating import at
from tests.ordering.failing import failed
from tests.ordering.placing import events, line, placed
from tests.world import World, answer


def mark(world: World, order: dict[str, Any], by: Any = None) -> Any:
    """POST that an order was seen."""
    return world.call("POST", f"/orders/{order['id']}/seen", by=by)


def ids(world: World, query: str, by: Any = None) -> set[str]:
    """The orders of the list."""
    return {each["id"] for each in answer(world.call("GET", f"/orders?{query}", by=by))["items"]}


def test_a_failure_is_marked_once(world: World) -> None:
    order, other = failed(world, 2)
    assert order["seen"] is None
    marked = answer(mark(world, order))
    assert marked["seen"]["by"] == order["placed_by"] and marked["seen"]["at"]
    assert {**marked, "seen": None} == order
    (event,) = events(world, "order.seen")
    assert event["subject"] == order["id"] and orjson.loads(event["data"]) == marked
    agent = world.actor("group", AGENT)
    again = see_failure(agent, order_id=UUID(order["id"]))
    assert again.body == marked and len(events(world, "order.seen")) == 1
    assert (ids(world, "seen=true"), ids(world, "seen=false")) == ({order["id"]}, {other["id"]})
    assert ids(world, "seen=false&state=completed") == set()
    assert ids(world, "seen=false&state=failed") == {other["id"]}
    assert differences() == []
    (record, _) = answer(world.call("GET", "/audit?verb=order.see"))["items"][::-1]
    assert record["object_id"] == order["id"] and record["actor"] == order["placed_by"]


def test_others_see_that_it_was_seen_and_not_by_whom(world: World) -> None:
    (order,) = failed(world)
    (theirs,) = failed(World())
    before = world.fingerprint()
    for by in (world.distributor, world.reseller, world.tenant):
        assert mark(world, order, by).status_code == 403
        assert mark(world, theirs, by).status_code == 404
    with pytest.raises(Problem, match="role"):
        see_failure(world.actor("group", VIEWER), order_id=UUID(order["id"]))
    assert world.fingerprint() == before
    at = answer(mark(world, order))["seen"]["at"]
    shown = answer(world.call("GET", f"/orders/{order['id']}", by=world.tenant))
    assert shown["seen"] == {"by": "group", "at": at}
    assert ids(world, "seen=true", world.tenant) == {order["id"]}


def test_only_failed_orders_are_marked(world: World) -> None:
    orders = [
        placed(world, line(world.seat, 1)),
        placed(world, line(world.seat), effective_at=at(1)),
    ]
    (order,) = failed(world)
    before = world.fingerprint()
    for each in orders:
        refused = mark(world, each)
        assert (refused.status_code, answer(refused)["code"]) == (409, "conflict")
        assert f"Order {each['number']} is {each['state']}; " in answer(refused)["detail"]
    wanted = [UUID(each["id"]) for each in (order, *orders)]
    with pytest.raises(Problem, match="only a failed order"):
        see_failures(world.actor(), order_ids=wanted)
    assert world.fingerprint() == before


def test_several_are_marked_together(world: World) -> None:
    orders = failed(world, 3)
    mark(world, orders[0])
    wanted: Any = [UUID(each["id"]) for each in orders]
    actor = world.actor("group", AGENT)
    assert see_failures(actor, order_ids=[*wanted, *wanted]).body == {"orders": 2}
    assert len(events(world, "order.seen")) == 3
    records = answer(world.call("GET", f"/audit?verb=order.see&actor={actor.label}"))["items"]
    assert {each["object_id"] for each in records} == {each["id"] for each in orders}


def test_two_at_once_mark_it_once(world: World) -> None:
    (order,) = failed(world)
    responses = together(*[lambda: mark(world, order)] * 4)
    assert {response.status_code for response in responses} == {200}
    assert len({response.content for response in responses}) == 1
    assert len(events(world, "order.seen")) == 1


def test_the_database_keeps_marks(world: World) -> None:
    done = placed(world, line(world.seat, 1))
    (order,) = failed(world)
    mark(world, order)
    insert = "INSERT INTO ordering_seenfailure (group_id, order_id, seen_by) VALUES (%s, %s, 'x')"
    for statement, values in (
        (insert, [world.group.id, done["id"]]),
        (insert, [World().group.id, order["id"]]),
        ("UPDATE ordering_seenfailure SET seen_by = 'x' WHERE order_id = %s", [order["id"]]),
        ("DELETE FROM ordering_seenfailure WHERE order_id = %s", [order["id"]]),
    ):
        with pytest.raises((IntegrityError, ProgrammingError)), connection.cursor() as cursor:
            cursor.execute(statement, values)
