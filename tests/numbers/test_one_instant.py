"""A transition of a port request has one instant: in its document, its events, its audit record."""

from typing import Any

import pytest
from django.db import connection

from fusion.kernel.clock import instant
from fusion.lifecycle.apply_due_ports import apply_due_ports
from tests.lifecycle.moving import move, neighbour
from tests.numbers.porting import (
    decided,
    fall_due,
    port_in_on,
    port_out_on,
    requested,
    seen,
    soon,
)
from tests.numbers.stock import assigned, block, entitle, number, path, range_of, stock
from tests.world import World

LAST = """
SELECT (SELECT max(id) FROM events_event WHERE group_id = %s),
       (SELECT max(id) FROM tenancy_auditrecord WHERE group_id = %s)
"""
SINCE = """
SELECT 'event', type, at FROM events_event WHERE group_id = %(group)s AND id > %(event)s
UNION ALL
SELECT 'record', verb, at FROM tenancy_auditrecord WHERE group_id = %(group)s AND id > %(record)s
"""


class Watch:
    """What was written since the last look."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.look()

    def look(self) -> None:
        """From now on."""
        with connection.cursor() as cursor:
            cursor.execute(LAST, [self.world.group.id] * 2)
            self.event, self.record = (last or 0 for last in cursor.fetchone())

    def one(self, *kinds: str) -> str | None:
        """The only instant of the events and records since then, some of which are `kinds`."""
        with connection.cursor() as cursor:
            cursor.execute(
                SINCE,
                {"group": self.world.group.id, "event": self.event, "record": self.record},
            )
            rows = cursor.fetchall()
        assert {"event", "record", *kinds} <= {kind for row in rows for kind in row[:2]}, rows
        assert len({row[2] for row in rows}) == 1, rows
        self.look()
        return instant(rows[0][2])


def last(port: dict[str, Any]) -> str:
    """The instant of the last entry of its history."""
    at: str = port["history"][-1]["at"]
    return at


@pytest.mark.parametrize("direction", ["in", "out"])
def test_requests_and_decisions(world: World, direction: str) -> None:
    entitle(world, 2)
    numbers = stock(world, 1) if direction == "out" else block(1)
    if direction == "out":
        assigned(world, *numbers)
    watch = Watch(world)
    port = requested(world, direction, numbers)
    assert watch.one("port-request.created") == port["requested_at"] == last(port)
    port = decided(world, port, "approve", port_date=soon())
    assert watch.one("port-request.approved") == port["decided_at"] == last(port)
    port = decided(world, port, "approve", port_date=soon(9))
    assert watch.one("port-request.approved") == port["decided_at"] == last(port)
    port = decided(world, port, "reject", reason="No")
    assert watch.one("port-request.rejected") == port["decided_at"] == last(port)
    port = requested(world, direction, numbers)
    watch.look()
    port = decided(world, port, "withdraw", by=world.tenant)
    assert watch.one("port-request.withdrawn") == port["decided_at"] == last(port)
    port = requested(world, direction, numbers)
    watch.look()
    port = decided(world, port, "approve")
    assert watch.one("port-request.completed", "number.ported") == port["completed_at"]
    assert port["completed_at"] == port["decided_at"] == last(port)


@pytest.mark.parametrize("direction", ["in", "out"])
def test_on_its_date(world: World, direction: str) -> None:
    entitle(world, 2)
    [e164] = stock(world, 1) if direction == "out" else block(1)
    if direction == "out":
        assigned(world, e164)
    watch = Watch(world)
    if direction == "out":
        port = port_out_on(world, e164, soon())
    else:
        port = port_in_on(world, soon(), e164)
    assert watch.one() == port["requested_at"] == port["decided_at"] == last(port)
    fall_due(port)
    assert apply_due_ports() == 1
    port = seen(world, port)
    assert watch.one("port-request.completed", "number.ported") == port["completed_at"]
    assert port["completed_at"] == last(port)


def test_a_move(world: World) -> None:
    one, two = stock(world, 2)
    entitle(world, 10)
    assigned(world, one, two)
    port = port_out_on(world, one, soon())
    target = neighbour(world, 10)
    watch = Watch(world)
    assert move(world, target, one, two).status_code == 200
    port = seen(world, port)
    assert watch.one("port-request.changed", "number.moved") == last(port)
    assert number(world, one)["port_request_id"] == port["id"]


def test_restock_and_ranges(world: World) -> None:
    one, _ = stock(world, 2)
    entitle(world, 1)
    assigned(world, one)
    assert world.call("DELETE", path(world, one)).status_code == 204
    watch = Watch(world)
    response = world.call("POST", f"/numbers/{one}/restock", {"reason": "Needed"})
    assert response.status_code == 200, response.content
    watch.one("number.restocked")
    there = f"/number-ranges/{range_of(one).id}"
    assert world.call("PATCH", there, {"last": one}).status_code == 200
    watch.one("range.changed")
    assert world.call("DELETE", there).status_code == 204
    watch.one("range.deleted", "range.delete")
