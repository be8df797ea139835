"""Lines that say what is meant: `set`, expected quantities, and a revision to remove."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fusion.lifecycle.apply_due import apply_due_orders
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
    retire,
    revise,
    seen,
)
from tests.world import World, answer

LATER = (datetime.now(UTC) + timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")


def set_to(world: World, quantity: int, **more: Any) -> dict[str, Any]:
    """A line that sets the seats."""
    return {**line(world.seat, quantity, "set"), **more}


def one_line(order: dict[str, Any]) -> dict[str, Any]:
    """The only line of an order."""
    (only,) = order["lines"]
    assert isinstance(only, dict)
    return only


def test_set_adds_what_is_missing_of_the_present_revision(world: World) -> None:
    placed(world, line(world.seat, 2))
    revise(world.seat, {world.user_sku: 3})
    order = placed(world, set_to(world, 5))
    changed = one_line(order)
    assert (changed["quantity_before"], changed["quantity_after"]) == (2, 5)
    assert (changed["action"], changed["revision"], changed["taken"]) == ("set", 2, [])
    assert order["changes"] == [{"sku": "user", "granted_delta": 9}]
    assert holdings(world) == {("seat", 1): 2, ("seat", 2): 3}


def test_set_takes_what_is_too_much_newest_revision_first(world: World) -> None:
    placed(world, line(world.seat, 3))
    revise(world.seat, {world.user_sku: 2})
    placed(world, line(world.seat, 4))
    order = placed(world, set_to(world, 2))
    changed = one_line(order)
    assert (changed["quantity_before"], changed["quantity_after"]) == (7, 2)
    assert changed["revision"] is None
    assert changed["taken"] == [{"revision": 2, "quantity": 4}, {"revision": 1, "quantity": 1}]
    assert holdings(world) == {("seat", 1): 2}
    assert balances(world) == {"be-geographic": (2, 0), "user": (2, 0)}


def test_set_to_nothing(world: World) -> None:
    placed(world, line(world.seat, 3))
    assert one_line(placed(world, set_to(world, 0)))["quantity_after"] == 0
    assert holdings(world) == {}


def test_set_below_use_is_refused_with_the_difference(world: World) -> None:
    placed(world, line(world.seat, 4))
    consume(world, world.user_sku, "a", "b", "c")
    problem = refused(world, 409, "below-use", set_to(world, 1))
    (refusal,) = problem["refusals"]
    assert (refusal["requested"], refusal["missing"]) == (3, 2)


def test_a_set_and_other_products_are_summed(world: World) -> None:
    large = world.product("large", {world.user_sku: 4})
    placed(world, line(world.seat, 4))
    consume(world, world.user_sku, "a", "b", "c", "d")
    order = placed(world, set_to(world, 0), line(large, 1))
    assert order["changes"] == [{"sku": "be-geographic", "granted_delta": -4}]


def test_a_set_without_effect_stores_nothing(world: World) -> None:
    placed(world, line(world.seat, 4))
    other = world.product("other", {world.user_sku: 1})
    before = world.fingerprint()
    response = place(world, set_to(world, 4))
    assert (response.status_code, answer(response)) == (200, {"unchanged": True, "held": 4})
    assert "Location" not in response
    response = place(world, set_to(world, 4), line(other, 0, "set"))
    assert response.status_code == 200
    assert answer(response) == {
        "unchanged": True,
        "held": None,
        "holdings": [
            {"product_id": str(world.seat.id), "product_code": "seat", "held": 4},
            {"product_id": str(other.id), "product_code": "other", "held": 0},
        ],
    }
    assert world.fingerprint() == before


def test_a_set_without_effect_is_stored_if_it_can_be_asked_for_again(world: World) -> None:
    placed(world, line(world.seat, 4))
    entries = answer(world.call("GET", f"/subscriptions/{world.subscription.id}/entries"))
    first = place(world, set_to(world, 4), key="k")
    order = answer(first)
    assert (first.status_code, order["state"], order["changes"]) == (201, "completed", [])
    changed = one_line(order)
    assert (changed["quantity_before"], changed["quantity_after"], changed["taken"]) == (4, 4, [])
    again = place(world, set_to(world, 4), key="k")
    assert (again.status_code, again.content) == (201, first.content)
    placed(world, set_to(world, 4), external_reference="r")
    placed(world, set_to(world, 4, external_reference="line"))
    assert answer(world.call("GET", f"/subscriptions/{world.subscription.id}/entries")) == entries
    assert len(events(world, "order.completed")) == 4


def test_a_set_without_effect_in_a_batch(world: World) -> None:
    orders = [draft(world, line(world.seat, 4)), draft(world, set_to(world, 4))]
    response = world.call("POST", "/orders/batch", {"orders": orders})
    first, second = answer(response)["results"]
    assert first["status"] == 201
    assert second == {"status": 200, "unchanged": True, "held": 4}


def test_each_set_of_a_batch_sees_the_one_before(world: World) -> None:
    orders = [draft(world, set_to(world, quantity)) for quantity in (5, 2, 2, 7)]
    results = answer(world.call("POST", "/orders/batch", {"orders": orders}))["results"]
    assert [result["status"] for result in results] == [201, 201, 200, 201]
    before = [
        one_line(result["order"])["quantity_before"] for result in results if "order" in result
    ]
    assert before == [0, 5, 2]
    assert holdings(world) == {("seat", 1): 7}


@pytest.mark.parametrize("action", ["add", "remove", "set"])
def test_another_quantity_than_expected_is_refused(world: World, action: str) -> None:
    placed(world, line(world.seat, 3))
    expecting = {**line(world.seat, 1, action), "expected_quantity": 4}
    problem = refused(world, 409, "quantity-changed", expecting)
    assert problem["held"] == 3
    assert problem["holdings"] == [
        {
            "product_id": str(world.seat.id),
            "product_code": "seat",
            "revision": None,
            "held": 3,
            "expected": 4,
        }
    ]
    order = placed(world, {**expecting, "expected_quantity": 3})
    assert one_line(order)["expected_quantity"] == 3


def test_expected_zero(world: World) -> None:
    placed(world, {**line(world.seat, 1), "expected_quantity": 0})
    refused(world, 409, "quantity-changed", {**line(world.seat, 1), "expected_quantity": 0})


def test_the_change_comes_before_other_reasons(world: World) -> None:
    placed(world, line(world.seat, 3))
    gone = {**line(world.seat, 9, "remove"), "expected_quantity": 9}
    refused(world, 409, "quantity-changed", gone)


def test_a_removal_names_its_revision(world: World) -> None:
    placed(world, line(world.seat, 3))
    revise(world.seat, {world.user_sku: 2})
    placed(world, line(world.seat, 3))
    of_first = {**line(world.seat, 2, "remove"), "revision": 1, "expected_quantity": 3}
    changed = one_line(placed(world, of_first))
    assert changed["revision"] == 1
    assert changed["taken"] == [{"revision": 1, "quantity": 2}]
    assert holdings(world) == {("seat", 1): 1, ("seat", 2): 3}
    problem = refused(
        world, 409, "not-held", {**of_first, "quantity": 2, "expected_quantity": None}
    )
    assert problem["holdings"][0] | {"product_id": ""} == {
        "product_id": "",
        "product_code": "seat",
        "revision": 1,
        "held": 1,
        "requested": 2,
        "missing": 1,
    }
    assert "revision 1" in problem["detail"]
    changed = refused(world, 409, "quantity-changed", of_first)
    assert changed["holdings"][0]["revision"] == 1
    refused(world, 409, "not-held", {**line(world.seat, 1, "remove"), "revision": 99})


def test_one_order_brings_a_customer_to_the_present_revision(world: World) -> None:
    placed(world, line(world.seat, 3))
    consume(world, world.user_sku, "a", "b", "c")
    revise(world.seat, {world.user_sku: 1})
    order = placed(world, line(world.seat, 3, "remove"), line(world.seat, 3))
    assert order["lines"][0]["taken"] == [{"revision": 1, "quantity": 3}]
    assert order["changes"] == [{"sku": "be-geographic", "granted_delta": -3}]
    assert holdings(world) == {("seat", 2): 3}


def test_a_removal_takes_nothing_that_the_same_order_adds(world: World) -> None:
    placed(world, line(world.seat, 2))
    problem = refused(world, 409, "not-held", line(world.seat, 5), line(world.seat, 3, "remove"))
    assert problem["holdings"][0]["held"] == 2


def test_a_retired_product_can_be_set_lower_and_not_higher(world: World) -> None:
    placed(world, line(world.seat, 3))
    retire(world.seat)
    problem = refused(world, 409, "product-retired", set_to(world, 4))
    assert "seat" in problem["detail"]
    assert one_line(placed(world, set_to(world, 1)))["quantity_after"] == 1
    warned = placed(world, set_to(world, 2), effective_at=LATER)
    assert [each["code"] for each in warned["warnings"]] == ["product-retired"]
    failing = placed(world, set_to(world, 2), effective_at=LATER)
    fall_due(failing)
    apply_due_orders()
    assert seen(world, failing)["failure"]["code"] == "product-retired"
    retire(world.seat, "active")
    fall_due(warned)
    apply_due_orders()
    assert one_line(seen(world, warned))["quantity_before"] == 1


def test_more_than_a_million_can_be_set(world: World) -> None:
    placed(world, line(world.seat, 1_000_000))
    placed(world, line(world.seat, 1_000_000))
    assert one_line(placed(world, set_to(world, 1_500_000)))["quantity_before"] == 2_000_000
    refused(world, 409, "conflict", line(world.seat, 1), set_to_other(world, 2_000_000_000))


def set_to_other(world: World, quantity: int) -> dict[str, Any]:
    """A line that sets another product."""
    return line(world.product("another", {world.user_sku: 2}), quantity, "set")


def test_a_scheduled_set_is_decided_when_it_is_applied(world: World) -> None:
    placed(world, line(world.seat, 2))
    order = placed(world, set_to(world, 6, external_reference="l-1"), effective_at=LATER)
    later = one_line(order)
    assert (later["quantity_before"], later["quantity_after"], later["taken"]) == (None,) * 3
    assert later["revision"] == 1  # of the units that it may add
    placed(world, line(world.seat, 2))
    revise(world.seat, {world.user_sku: 9})
    fall_due(order)
    apply_due_orders()
    changed = one_line(seen(world, order))
    assert (changed["quantity_before"], changed["quantity_after"]) == (4, 6)
    assert (changed["revision"], changed["external_reference"]) == (1, "l-1")
    assert holdings(world) == {("seat", 1): 6}


def test_a_scheduled_set_that_takes_has_no_revision(world: World) -> None:
    placed(world, line(world.seat, 5))
    order = placed(world, set_to(world, 2), effective_at=LATER)
    fall_due(order)
    apply_due_orders()
    changed = one_line(seen(world, order))
    assert (changed["revision"], changed["taken"]) == (None, [{"revision": 1, "quantity": 3}])


def test_an_expected_quantity_of_a_scheduled_order_is_compared_when_due(world: World) -> None:
    placed(world, line(world.seat, 5))
    right = placed(world, set_to(world, 2, expected_quantity=5), effective_at=LATER)
    assert right["warnings"] == []
    wrong = placed(
        world, {**line(world.seat, 1, "remove"), "expected_quantity": 9}, effective_at=LATER
    )
    (warning,) = wrong["warnings"]
    assert (warning["code"], warning["held"]) == ("quantity-changed", 5)
    placed(world, line(world.seat, 4))
    fall_due(wrong, right)
    apply_due_orders()
    assert seen(world, wrong)["state"] == "completed"
    failed = seen(world, right)
    assert (failed["state"], failed["failure"]["code"]) == ("failed", "quantity-changed")
    assert failed["failure"]["held"] == 8
    assert one_line(failed)["quantity_before"] is None


def test_pending_orders_are_listed_and_not_counted(world: World) -> None:
    other = world.product("other", {world.user_sku: 1})
    placed(world, line(world.seat, 1))
    placed(world, line(other, 1), effective_at=LATER)
    pending = placed(world, line(world.seat, 3), effective_at=LATER)
    order = placed(world, set_to(world, 4))
    assert one_line(order)["quantity_before"] == 1
    (warning,) = order["warnings"]
    assert warning["code"] == "pending-orders"
    assert warning["orders"] == [
        {
            "order_id": pending["id"],
            "number": pending["number"],
            "effective_at": pending["effective_at"],
        }
    ]
    assert str(pending["number"]) in warning["detail"]
    preview = answer(world.call("POST", "/orders/preview", draft(world, set_to(world, 5))))
    assert preview["warnings"] == order["warnings"]
    assert seen(world, order) == order


def test_pending_orders_of_the_same_batch(world: World) -> None:
    orders = [
        draft(world, line(world.seat, 3), effective_at=LATER),
        draft(world, set_to(world, 4)),
        draft(world, line(world.seat, 1), effective_at=LATER),
    ]
    results = answer(world.call("POST", "/orders/batch", {"orders": orders}))["results"]
    first, second, third = [result["order"] for result in results]
    (warning,) = second["warnings"]
    assert [each["order_id"] for each in warning["orders"]] == [first["id"]]
    assert third["warnings"] == []


def test_a_preview_of_a_set(world: World) -> None:
    placed(world, line(world.seat, 4))
    before = world.fingerprint()
    preview = answer(world.call("POST", "/orders/preview", draft(world, set_to(world, 6))))
    assert [each["granted_after"] for each in preview["balances"]] == [6, 6]
    (held,) = preview["holdings"]
    assert (held["product_code"], held["held_before"], held["held_after"]) == ("seat", 4, 6)
    expecting = draft(world, set_to(world, 6, expected_quantity=5))
    refused_preview = answer(world.call("POST", "/orders/preview", expecting))
    assert refused_preview["allowed"] is False
    (held,) = refused_preview["holdings"]
    assert (held["held_before"], held["held_after"]) == (4, None)
    (refusal,) = refused_preview["refusals"]
    assert (refusal["code"], refusal["held"]) == ("quantity-changed", 4)
    assert world.fingerprint() == before


def test_the_same_request_has_the_same_lines(world: World) -> None:
    wanted = set_to(world, 3, expected_quantity=0, external_reference="l")
    placed(world, wanted, external_reference="x")
    by_code = {**wanted, "product_code": "seat"}
    del by_code["product_id"]
    for other, is_same in (
        (wanted, True),
        (by_code, True),
        ({**wanted, "quantity": 4}, False),
        ({**wanted, "expected_quantity": 1}, False),
        ({**wanted, "external_reference": "m"}, False),
    ):
        problem = refused(world, 409, "external-reference-taken", other, external_reference="x")
        assert problem["same_request"] is is_same


def test_past_holdings_follow_from_the_lines(world: World) -> None:
    """What an order added and took, summed over completed lines, is what was held after each."""
    steps = [line(world.seat, 3), set_to(world, 5), set_to(world, 1), set_to(world, 4)]
    held, expected = [], []
    total = 0
    for index, step in enumerate(steps):
        if index == 2:
            revise(world.seat, {world.user_sku: 1})
        changed = one_line(placed(world, step))
        added = changed["quantity"] - (changed["quantity_before"] or 0)
        total += added if changed["revision"] is not None else 0
        total -= sum(part["quantity"] for part in changed["taken"] or [])
        held.append(sum(holdings(world).values()))
        expected.append(total)
    assert held == expected == [3, 5, 1, 4]
