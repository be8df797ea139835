"""What becomes of pending ports when their numbers move, their subscription ends, or they break."""

import pytest

from fusion.cli.verify import differences
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
from tests.numbers.stock import assigned, balance, block, entitle, number, path, statuses, stock
from tests.owner import owner_rows
from tests.world import World, answer


def test_a_pending_port_follows_a_moved_number(world: World) -> None:
    one, two, three = stock(world, 3)
    [incoming] = block(1)
    entitle(world, 4)
    assigned(world, one, two, three)
    at = soon()
    port = requested(world, "out", [one, two], port_date=at, note="All of them.")
    decided(world, port, "approve")
    leaving = requested(world, "out", [three])
    coming = port_in_on(world, at, incoming)
    target = neighbour(world, 3)
    response = move(world, target, one, three, incoming)
    assert response.status_code == 200, response.content

    assert seen(world, port)["numbers"] == [two]
    assert number(world, two)["port_request_id"] == port["id"]
    new = number(world, one)["port_request_id"]
    assert new != port["id"]
    followed = seen(world, {"id": new}, by=target.tenant)
    assert (followed["numbers"], followed["state"], followed["port_date"]) == (
        [one],
        "approved",
        at,
    )
    assert followed["subscription_id"] == str(target.id)
    for gone in (leaving, coming):
        assert seen(world, gone, by=world.tenant) is None
        assert seen(world, gone, by=target.tenant)["subscription_id"] == str(target.id)
    assert str(world.tenant.id) not in str(followed)
    fall_due(port, followed, coming)
    assert apply_due_ports() == 3
    assert statuses(one, two, three, incoming) == [
        "ported_out",
        "ported_out",
        "assigned",
        "assigned",
    ]
    assert (balance(world), balance(world, target)) == ((4, 0), (3, 2))
    assert decided(world, leaving, "withdraw", by=target.tenant)["state"] == "withdrawn"
    assert differences() == []


@pytest.mark.parametrize("part", [True, False])
def test_another_customer_sees_nothing_of_what_the_former_one_wrote(
    world: World, part: bool
) -> None:
    """Note, attachments, requester and history, with its numbers, belong to the former one."""
    one, two = stock(world, 2)
    entitle(world, 2)
    assigned(world, one, two)
    words = {"note": "Private note", "attachments": ["private.pdf"], "carrier": "Carrier"}
    port = requested(world, "out", [one, two], port_date=soon(), **words)
    requester = port["requested_by"]
    decided(world, port, "approve")
    target = neighbour(world, 2)
    assert move(world, target, *([one] if part else [one, two])).status_code == 200
    followed = seen(world, {"id": number(world, one)["port_request_id"]}, by=target.tenant)
    assert (followed["note"], followed["attachments"], followed["carrier"]) == (None, [], "Carrier")
    assert followed["state"] == "approved" and len(followed["history"]) == 1
    events = answer(world.call("GET", "/events?type=port-request.*", by=target.tenant))["items"]
    for text in (str(followed), str(events)):
        assert "rivate" not in text and requester not in text
        assert part is False or two not in text
    left = answer(world.call("GET", "/events?type=port-request.changed", by=world.tenant))["items"]
    assert [each["data"]["numbers"] for each in left] == [[two] if part else []]
    assert left[0]["data"]["history"][-1]["moved_away"] == ([one] if part else [one, two])
    assert str(target.id) not in str(left)
    assert differences() == []


def test_ports_of_a_terminated_subscription(world: World) -> None:
    leaving, back = stock(world, 2)
    incoming, wanted = block(2)
    entitle(world, 3)
    assigned(world, leaving, back)
    assert world.call("POST", path(world, back, "port-out")).status_code == 204
    out = port_out_on(world, leaving, soon())
    coming = port_in_on(world, soon(), incoming, back)
    open_one = requested(world, "in", [wanted])
    response = world.call("POST", f"/subscriptions/{world.subscription.id}/terminate")
    assert response.status_code == 200, response.content
    assert statuses(leaving, back, incoming) == ["quarantined", "ported_out", None]
    assert balance(world) == (0, 0)
    assert seen(world, coming)["failure"]["code"] == "subscription-terminated"
    assert seen(world, open_one)["state"] == "rejected"
    fall_due(out)
    assert apply_due_ports() == 1
    assert statuses(leaving) == ["ported_out"]
    assert differences() == []


@pytest.mark.parametrize("direction", ["in", "out"])
def test_a_port_that_breaks_fails_and_blocks_no_other(world: World, direction: str) -> None:
    """A fault that nobody foresaw: here a row that contradicts the request."""
    one, two = stock(world, 2)
    [incoming] = block(1)
    entitle(world, 3)
    assigned(world, one, two)
    broken = port_out_on(world, one, soon())
    sound = (
        port_in_on(world, soon(), incoming)
        if direction == "in"
        else port_out_on(world, two, soon())
    )
    fall_due(broken, sound)
    owner_rows(
        "ALTER TABLE numbers_number ADD CONSTRAINT broken CHECK"
        f" (e164 <> '{one}' OR status <> 'ported_out') NOT VALID"
    )
    try:
        assert apply_due_ports() == 2
    finally:
        owner_rows("ALTER TABLE numbers_number DROP CONSTRAINT broken")
    assert "broken" in seen(world, broken)["failure"]["detail"]
    assert seen(world, sound)["state"] == "completed"
    assert (statuses(one), number(world, one)["port_request_id"]) == (["assigned"], None)
    assert differences() == []
