"""Orders with an end: an expiry takes back what is still held, and waits while it is in use."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from fusion.lifecycle.apply_due import apply_due_orders
from fusion.ordering.remind_expiring import remind_expiring
from tests.ordering.placing import (
    balances,
    consume,
    draft,
    events,
    fall_due,
    holdings,
    line,
    place,
    placed,
    refused,
    release,
    retire,
    revise,
    seen,
    terminate,
)
from tests.world import World, answer


def after(**distance: float) -> str:
    """An instant after now."""
    return (datetime.now(UTC) + timedelta(**distance)).isoformat()


def trial(world: World, quantity: int = 3, **more: Any) -> dict[str, Any]:
    """An order of seats that end in a month."""
    return placed(world, line(world.seat, quantity), **{"ends_at": after(days=30), **more})


def expiry_of(world: World, order: dict[str, Any]) -> dict[str, Any]:
    """The expiry of an order."""
    return seen(world, {"id": seen(world, order)["expired_by"]})


def let_it_end(world: World, order: dict[str, Any]) -> dict[str, Any]:
    """Let the expiry of an order fall due, and the worker run; returns the expiry."""
    expiry = expiry_of(world, order)
    fall_due(expiry)
    apply_due_orders()
    return seen(world, expiry)


def retry(expiry: dict[str, Any], hours: float = 2, reminded: float = 2) -> None:
    """Let the worker try an overdue expiry again, as if it had done so `hours` ago."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE ordering_order SET tried_at = now() - %s * interval '1 hour',"
            " reminded_at = now() - %s * interval '1 hour' WHERE id = %s",
            [hours, reminded, expiry["id"]],
        )
    apply_due_orders()


def names(world: World) -> list[tuple[str, str]]:
    """(type, subject) of the events of orders."""
    return [(each["type"], each["subject"]) for each in events(world, "order.")]


def test_an_expiry_is_scheduled_with_the_order(world: World) -> None:
    end = after(days=30)
    order = placed(world, line(world.seat, 3), ends_at=end, key="K")
    assert datetime.fromisoformat(order["ends_at"]) == datetime.fromisoformat(end)
    expiry = expiry_of(world, order)
    assert (expiry["kind"], expiry["state"]) == ("expiry", "scheduled")
    assert (expiry["expires"], expiry["overdue"]) == (order["id"], False)
    assert expiry["effective_at"] == order["ends_at"]
    (only,) = expiry["lines"]
    assert (only["action"], only["revision"], only["quantity"]) == ("remove", 1, 3)
    assert order["expired_by"] == expiry["id"]
    assert names(world) == [("order.completed", order["id"]), ("order.scheduled", expiry["id"])]
    again = place(world, line(world.seat, 3), ends_at=end, key="K")
    assert answer(again) == order


def test_it_takes_back_what_the_order_granted(world: World) -> None:
    placed(world, line(world.seat, 2))
    ended = let_it_end(world, trial(world))
    assert (ended["state"], ended["lines"][0]["short"]) == ("completed", 0)
    assert holdings(world) == {("seat", 1): 2}
    assert balances(world)["user"] == (2, 0)


def test_the_own_revision_goes_first_then_the_newest(world: World) -> None:
    placed(world, line(world.seat, 1))
    revise(world.seat, {world.user_sku: 1})
    order = trial(world, 3)
    revise(world.seat, {world.user_sku: 1})
    placed(world, line(world.seat, 1))
    placed(world, line(world.seat, 2, "remove") | {"revision": 2})
    retire(world.seat)
    (only,) = let_it_end(world, order)["lines"]
    assert only["taken"] == [
        {"revision": 2, "quantity": 1},
        {"revision": 3, "quantity": 1},
        {"revision": 1, "quantity": 1},
    ]
    assert (only["short"], holdings(world)) == (0, {})


def test_of_a_product_that_was_retired_it_takes_what_the_order_then_added(world: World) -> None:
    retire(world.seat)
    order = trial(world, 2, effective_at=after(days=1))
    assert order["lines"][0]["revision"] is None
    retire(world.seat, "active")
    fall_due(order)
    apply_due_orders()
    revise(world.seat, {world.user_sku: 1})
    placed(world, line(world.seat, 5))
    (only,) = let_it_end(world, order)["lines"]
    assert (only["revision"], only["taken"]) == (1, [{"revision": 1, "quantity": 2}])
    assert holdings(world) == {("seat", 2): 5}


def test_what_is_gone_is_short(world: World) -> None:
    order = trial(world, 3)
    placed(world, line(world.seat, 2, "remove"))
    ended = let_it_end(world, order)
    assert (ended["state"], ended["lines"][0]["short"]) == ("completed", 2)
    assert ended["lines"][0]["taken"] == [{"revision": 1, "quantity": 1}]
    other = trial(world, 1)
    placed(world, line(world.seat, 1, "remove"))
    ended = let_it_end(world, other)
    assert (ended["state"], ended["changes"], ended["lines"][0]["taken"]) == ("completed", [], [])
    assert ended["lines"][0]["short"] == 1


def test_while_units_are_in_use_it_is_overdue(world: World) -> None:
    order = trial(world)
    consume(world, world.user_sku, "one")
    expiry = let_it_end(world, order)
    assert (expiry["state"], expiry["overdue"], expiry["failure"]) == ("scheduled", True, None)
    assert expiry["warnings"][0]["code"] == "below-use"
    assert expiry["warnings"][0]["refusals"][0]["missing"] == 1
    assert names(world)[-1] == ("order.overdue", expiry["id"])
    apply_due_orders()
    retry(expiry)
    assert [each for each, _ in names(world)].count("order.overdue") == 1
    retry(expiry, reminded=25)
    assert [each for each, _ in names(world)].count("order.overdue") == 2
    release(world, world.user_sku, "one")
    apply_due_orders()
    assert seen(world, expiry)["state"] == "scheduled"  # tried hourly
    retry(expiry)
    ended = seen(world, expiry)
    assert (ended["state"], ended["overdue"], ended["warnings"]) == ("completed", False, [])
    assert names(world)[-1] == ("order.completed", expiry["id"])


def test_an_overdue_one_holds_up_no_other_order(world: World) -> None:
    order = trial(world)
    consume(world, world.user_sku, "one")
    expiry = let_it_end(world, order)
    later = placed(world, line(world.seat, 1), effective_at=after(days=2))
    fall_due(later)
    apply_due_orders()
    assert seen(world, later)["state"] == "completed"
    assert seen(world, expiry)["overdue"]
    assert world.call("POST", f"/orders/{expiry['id']}/cancel").status_code == 200
    assert holdings(world) == {("seat", 1): 4}


def test_it_is_cancelled_with_its_order(world: World) -> None:
    for action in ("cancel", "fail", "reverse", "terminate"):
        end = {"ends_at": after(days=30)}
        order = placed(world, line(world.seat, 1), effective_at=after(days=3), **end)
        if action == "cancel":
            world.call("POST", f"/orders/{order['id']}/cancel")
        elif action == "fail":
            with connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE ordering_orderline SET quantity = 2000000000, expected_quantity = 7"
                    " WHERE order_id = %s",
                    [order["id"]],
                )
            fall_due(order)
            apply_due_orders()
            assert seen(world, order)["state"] == "failed"
        elif action == "reverse":
            fall_due(order)
            apply_due_orders()
            world.call("POST", f"/orders/{order['id']}/reverse")
        else:
            terminate(world)
        expiry = expiry_of(world, order)
        assert expiry["state"] == "cancelled", action
        assert ("order.cancelled", expiry["id"]) in names(world)


def test_a_scheduled_reversal_leaves_it_until_then(world: World) -> None:
    order = trial(world)
    path = f"/orders/{order['id']}/reverse"
    reversal = answer(world.call("POST", path, {"effective_at": after(days=2)}))
    assert expiry_of(world, order)["state"] == "scheduled"
    fall_due(reversal)
    apply_due_orders()
    assert expiry_of(world, order)["state"] == "cancelled"


def test_an_order_of_later_is_applied_before_its_end(world: World) -> None:
    order = placed(world, line(world.seat, 2), effective_at=after(days=1), ends_at=after(days=2))
    fall_due(order, expiry_of(world, order))
    apply_due_orders()
    assert [seen(world, order)["state"], expiry_of(world, order)["state"]] == ["completed"] * 2
    assert holdings(world) == {}


def test_it_warns_a_week_before(world: World) -> None:
    near = trial(world, ends_at=after(days=6))
    order = trial(world, ends_at=after(days=8))
    remind_expiring()
    assert "order.expiring" not in [each for each, _ in names(world)]
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE ordering_order SET placed_at = placed_at - interval '2 days',"
            " effective_at = effective_at - interval '2 days' WHERE kind = 'expiry' AND id = %s",
            [order["expired_by"]],
        )
    for _ in range(2):
        remind_expiring()
    reminded = [subject for each, subject in names(world) if each == "order.expiring"]
    assert reminded == [order["expired_by"]]
    assert near["expired_by"] not in reminded


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"ends_at": "2020-01-01T00:00:00Z"}, "later than the order takes effect, and in"),
        (
            {"ends_at": after(days=1), "effective_at": after(days=2)},
            "later than the order takes effect",
        ),
        ({"ends_at": after(days=366 * 6)}, "five years ahead"),
        ({"ends_at": "soon"}, ""),
    ],
)
def test_an_end_is_after_the_beginning(world: World, more: dict[str, str], message: str) -> None:
    problem = refused(world, 422, "invalid-fields", line(world.seat), **more)
    assert [each["field"] for each in problem["errors"]] == ["ends_at"]
    assert message in problem["errors"][0]["message"]


@pytest.mark.parametrize("action", ["remove", "set"])
def test_only_additions_end(world: World, action: str) -> None:
    placed(world, line(world.seat, 2))
    problem = refused(
        world, 422, "invalid-fields", line(world.seat, 1, action), ends_at=after(days=1)
    )
    assert "lines all add" in problem["detail"]


def test_a_taken_reference_tells_another_end_apart(world: World) -> None:
    end = after(days=30)
    trial(world, external_reference="R", ends_at=end)
    for other, same in ((end, True), (after(days=31), False)):
        problem = refused(
            world,
            409,
            "external-reference-taken",
            line(world.seat, 3),
            external_reference="R",
            ends_at=other,
        )
        assert problem["same_request"] is same


def test_batches_and_previews_take_it(world: World) -> None:
    end = after(days=30)
    orders = [
        draft(world, line(world.seat, 1), ends_at=end),
        draft(world),
        draft(world, ends_at=end),
    ]
    results = answer(world.call("POST", "/orders/batch", {"orders": orders}))["results"]
    ends = [result["order"]["expired_by"] is not None for result in results]
    assert ends == [True, False, True]
    preview = answer(world.call("POST", "/orders/preview", orders[0]))
    assert preview["allowed"]
    assert len(answer(world.call("GET", "/orders?kind=expiry"))["items"]) == 2


def test_what_has_ended_is_not_taken_back_twice(world: World) -> None:
    placed(world, line(world.seat, 3))
    order = trial(world, 3)
    path = f"/orders/{order['id']}/reverse"
    reversal = answer(world.call("POST", path, {"effective_at": after(days=40)}))
    ended = let_it_end(world, order)
    assert seen(world, reversal)["state"] == "cancelled"
    before = world.fingerprint()
    problem = answer(world.call("POST", path))
    assert (problem["code"], world.fingerprint()) == ("order-not-reversible", before)
    assert f"order {ended['number']} took back the rest" in problem["detail"]
    assert holdings(world) == {("seat", 1): 3}


def test_it_cannot_be_reversed(world: World) -> None:
    ended = let_it_end(world, trial(world))
    response = world.call("POST", f"/orders/{ended['id']}/reverse")
    assert answer(response)["code"] == "order-not-reversible"


def move(world: World, order: dict[str, Any], effective_at: str) -> Any:
    """PATCH the date of an order; its answer."""
    return answer(world.call("PATCH", f"/orders/{order['id']}", {"effective_at": effective_at}))


def test_an_overdue_one_can_be_moved(world: World) -> None:
    order = trial(world)
    consume(world, world.user_sku, "one")
    expiry = let_it_end(world, order)
    before = world.fingerprint()
    problem = move(world, expiry, after(hours=-1))
    assert (problem["code"], world.fingerprint()) == ("below-use", before)
    moved = move(world, expiry, after(days=9))
    assert (moved["overdue"], moved["warnings"], moved["state"]) == (False, [], "scheduled")
    release(world, world.user_sku, "one")
    assert move(world, expiry, after(hours=-1))["state"] == "completed"
    assert holdings(world) == {}


def test_an_order_is_not_moved_past_its_end(world: World) -> None:
    order = placed(world, line(world.seat), effective_at=after(days=3), ends_at=after(days=9))
    for which, days in ((order, 10), (expiry_of(world, order), 2)):
        problem = move(world, which, after(days=days))
        assert [each["field"] for each in problem["errors"]] == ["effective_at"]
    assert move(world, expiry_of(world, order), after(days=12))["state"] == "scheduled"
    assert move(world, order, after(days=10))["state"] == "scheduled"


def test_a_reversal_that_is_moved_to_the_past_cancels_it(world: World) -> None:
    order = trial(world)
    path = f"/orders/{order['id']}/reverse"
    reversal = answer(world.call("POST", path, {"effective_at": after(days=2)}))
    assert move(world, reversal, after(hours=-1))["state"] == "completed"
    assert expiry_of(world, order)["state"] == "cancelled"
