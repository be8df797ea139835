"""What is scheduled is visible: warnings of what could not be done now, and what will be held."""

import json
from typing import Any

import pytest

from fusion.cli.verify import differences
from fusion.lifecycle.apply_due import apply_due_orders
from tests.lifecycle.dating import at
from tests.lifecycle.dating import fall_due as all_due
from tests.lifecycle.dating import scheduled as state_order
from tests.ordering.placing import balances as balances_of
from tests.ordering.placing import consume, draft, line, place, placed, retire, revise, seen
from tests.world import World, answer, make_subscription


def warned(order: dict[str, Any]) -> list[dict[str, Any]]:
    """The warnings of a scheduled order."""
    assert order["state"] == "scheduled"
    assert all((each["taken"], each["quantity_before"]) == (None, None) for each in order["lines"])
    warnings: list[dict[str, Any]] = order["warnings"]
    return warnings


def pending(world: World) -> dict[str, list[tuple[int, int | None]]]:
    """SKU code → (number of the order, delta), from the API."""
    path = f"/subscriptions/{world.subscription.id}/balances"
    items = answer(world.call("GET", path))["items"]
    return {
        item["sku"]: [(each["number"], each["delta"]) for each in item["pending"]]
        for item in items
        if item["pending"]
    }


def after(world: World, *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    """SKU code → what a preview says is granted after all that is scheduled."""
    response = world.call("POST", "/orders/preview", draft(world, *lines, **more))
    assert response.status_code == 200, response.content
    balances = answer(response)["balances"]
    return {each["sku"]: each.get("granted_after_pending", "nothing") for each in balances}


@pytest.mark.parametrize("case", ["below-use", "not-held", "quantity-changed", "product-retired"])
def test_what_could_not_be_done_now_is_a_warning(world: World, case: str) -> None:
    placed(world, line(world.seat, 3))
    consume(world, world.user_sku, "a", "b")
    lines = line(world.seat, 2, "remove")
    if case == "not-held":
        lines = line(world.seat, 7, "remove")
    elif case == "quantity-changed":
        lines = {**line(world.seat, 1), "expected_quantity": 9}
    elif case == "product-retired":
        lines = line(world.seat)
        retire(world.seat)
    refusal = answer(place(world, lines))
    assert (refusal["status"], refusal["code"]) == (409, case)
    [warning] = warned(placed(world, lines, effective_at=at(5)))
    assert warning == {name: refusal[name] for name in warning}
    assert set(refusal) - set(warning) == {"type", "title", "status"}
    assert differences() == []


def test_what_another_subscription_expects_changes_nothing(world: World) -> None:
    path = f"/subscriptions/{world.subscription.id}/balances"
    placed(world, line(world.seat, 3))
    before = world.call("GET", path).content
    other = make_subscription(world.tenant, "Other")
    assert placed(world, line(world.seat, 2), subscription=other, effective_at=at(5))
    assert world.call("GET", path).content == before
    assert list(json.loads(before)) == ["items"]


def test_in_a_batch_what_was_placed_before_it_counts(world: World) -> None:
    orders = [
        draft(world, line(world.seat, 2, "remove"), effective_at=at(5)),
        draft(world, line(world.seat, 2)),
        draft(world, line(world.seat, 2, "remove"), effective_at=at(5)),
        draft(world, line(world.seat, 1, "set"), effective_at=at(6)),
    ]
    results = answer(world.call("POST", "/orders/batch", {"orders": orders}))["results"]
    codes = [[each["code"] for each in result["order"]["warnings"]] for result in results]
    assert codes == [["not-held"], [], [], ["pending-orders"]]
    assert [result["order"]["state"] for result in results].count("scheduled") == 3
    assert [delta for _, delta in pending(world)["user"]] == [-2, None, None]


def test_a_retired_product_is_granted_if_it_is_active_when_due(world: World) -> None:
    retire(world.seat)
    orders = [
        placed(world, line(world.seat, 2), effective_at=at(5)),
        placed(world, line(world.seat, 3, "set"), effective_at=at(6)),
    ]
    for order in orders:
        assert warned(order)[0]["code"] == "product-retired"
        assert order["lines"][0]["revision"] is None
    failing = placed(world, line(world.seat, 9), effective_at=at(1))
    assert pending(world)["user"][0][1] is None
    world.call("PATCH", f"/orders/{failing['id']}", {"effective_at": at(2)})
    retire_again = world.call("PATCH", f"/products/{world.seat.id}", {"status": "active"})
    assert retire_again.status_code == 200
    revise(world.seat, {world.user_sku: 5})
    world.call("POST", f"/orders/{failing['id']}/cancel")
    assert pending(world) == {"user": [(orders[0]["number"], 10), (orders[1]["number"], 5)]}
    all_due(world)
    apply_due_orders()
    applied = [seen(world, order) for order in orders]
    assert [order["state"] for order in applied] == ["completed"] * 2
    assert [order["lines"][0]["revision"] for order in applied] == [2, 2]
    assert differences() == []


def test_still_retired_when_due_it_fails(world: World) -> None:
    retire(world.seat)
    order = placed(world, line(world.seat, 2), effective_at=at(5))
    all_due(world)
    apply_due_orders()
    failed = seen(world, order)
    assert (failed["state"], failed["failure"]["code"]) == ("failed", "product-retired")
    assert differences() == []


def test_pending_changes_in_turn(world: World) -> None:
    assert pending(world) == {}
    first = placed(world, line(world.seat, 4), effective_at=at(2))
    assert pending(world) == {
        "user": [(first["number"], 4)],
        "be-geographic": [(first["number"], 4)],
    }
    placed(world, line(world.seat, 1))
    second = placed(world, line(world.seat, 5, "remove"), effective_at=at(3))
    third = placed(world, line(world.seat, 2, "set"), effective_at=at(4))
    assert pending(world)["user"] == [
        (first["number"], 4), (second["number"], -5), (third["number"], 2)
    ]  # fmt: skip
    earlier = placed(world, line(world.seat, 2, "remove"), effective_at=at(1))
    found = pending(world)["user"]
    assert found == [(order["number"], None) for order in (earlier, first, second, third)]
    placed(world, line(world.seat, 1))
    assert pending(world)["user"] == [
        (earlier["number"], -2), (first["number"], 4), (second["number"], None),
        (third["number"], None),
    ]  # fmt: skip


def test_the_document_of_a_pending_change(world: World) -> None:
    order = placed(world, line(world.seat, 4), effective_at=at(2))
    path = f"/subscriptions/{world.subscription.id}/balances"
    [_, user] = answer(world.call("GET", path, by=world.tenant))["items"]
    assert (user["sku"], user["granted"], user["used"], user["available"]) == ("user", 0, 0, 0)
    assert user["pending"] == [
        {
            "order_id": order["id"],
            "number": order["number"],
            "effective_at": order["effective_at"],
            "delta": 4,
        }
    ]


def test_a_scheduled_termination_takes_all(world: World) -> None:
    placed(world, line(world.seat, 3))
    consume(world, world.user_sku, "a")
    state_order(world, "suspend", 1, reason="fraud")
    more = placed(world, line(world.seat, 2), effective_at=at(2))
    ending = state_order(world, "terminate", 3)
    late = placed(world, line(world.seat, 9), effective_at=at(4))
    assert pending(world)["user"] == [
        (more["number"], 2), (ending["number"], -5), (late["number"], None)
    ]  # fmt: skip
    assert after(world, line(world.seat, 1)) == {"user": 0, "be-geographic": 0}
    assert after(world, line(world.seat, 1), effective_at=at(9))["user"] == 0
    placed(world, line(world.seat, 9, "remove"), effective_at=at(1))
    assert {delta for _, delta in pending(world)["user"]} == {None}
    assert after(world, line(world.seat, 1))["user"] is None


def test_a_preview_with_what_is_scheduled(world: World) -> None:
    placed(world, line(world.seat, 5))
    assert after(world, line(world.seat, 2)) == {"user": "nothing", "be-geographic": "nothing"}
    placed(world, line(world.seat, 4, "remove"), effective_at=at(5))
    assert after(world, line(world.seat, 2)) == {"user": 3, "be-geographic": 3}
    assert after(world, line(world.seat, 2, "remove"))["user"] is None
    assert after(world, line(world.seat, 2, "set"), effective_at=at(2))["user"] is None
    assert after(world, line(world.seat, 2, "set"), effective_at=at(9))["user"] == 2


def test_previews_and_balances_are_what_happens(world: World) -> None:
    """What is said beforehand is what the worker does, if nothing else happens."""
    placed(world, line(world.seat, 5))
    placed(world, line(world.seat, 4, "remove"), effective_at=at(2))
    revise(world.seat, {world.user_sku: 3})
    placed(world, line(world.seat, 2), line(world.seat, 1, "remove"), effective_at=at(3))
    placed(world, line(world.seat, 7, "set"), effective_at=at(4))
    expected = after(world, line(world.seat, 1))["user"]
    placed(world, line(world.seat, 1))
    path = f"/subscriptions/{world.subscription.id}/balances"
    before = {each["sku"]: each for each in answer(world.call("GET", path))["items"]}
    sums = {
        sku: each["granted"] + sum(change["delta"] for change in each["pending"])
        for sku, each in before.items()
    }
    all_due(world)
    apply_due_orders()
    items = answer(world.call("GET", path))["items"]
    assert {each["sku"]: each["granted"] for each in items} == sums
    assert sums["user"] == expected
    assert all(each["pending"] == [] for each in items)


def test_what_changes_no_quantity_is_not_pending(world: World) -> None:
    placed(world, line(world.seat, 3))
    state_order(world, "suspend", 1, reason="fraud")
    path = f"/subscriptions/{world.subscription.id}/balances"
    body = answer(world.call("GET", path))
    assert [each["pending"] for each in body["items"]] == [[], []]
    assert body["pending_rest"] is None
    assert after(world, line(world.seat, 1)) == {"user": "nothing", "be-geographic": "nothing"}


def test_an_expiry_that_is_overdue_hides_nothing(world: World) -> None:
    trial = placed(world, line(world.seat, 3), ends_at=at(2))
    consume(world, world.user_sku, "a", "b")
    more = placed(world, line(world.seat, 2), effective_at=at(3))
    [(expiry, before), second] = pending(world)["user"]
    assert (before, second) == (None, (more["number"], 2))
    assert after(world, line(world.seat, 1))["user"] == 6
    consume(world, world.user_sku, "a", "b", verb="ledger_release")
    assert pending(world)["user"] == [(expiry, -3), (more["number"], 2)]
    assert after(world, line(world.seat, 1))["user"] == 3
    assert seen(world, trial)["state"] == "completed"


@pytest.mark.parametrize("hours", [None, 1, 4])
def test_of_an_expiry_and_a_reversal_the_first_cancels_the_other(
    world: World, hours: int | None
) -> None:
    """The units of another order are not taken instead of those that are back already."""
    trial = placed(world, line(world.seat, 3), ends_at=at(2))
    placed(world, line(world.seat, 5))
    ending = {} if hours is None else {"effective_at": at(hours)}
    preview = {"reverses": trial["id"], **ending}
    balances = answer(world.call("POST", "/orders/preview", preview))["balances"]
    assert {each["granted_after_pending"] for each in balances} == {5}
    response = world.call("POST", f"/orders/{trial['id']}/reverse", ending)
    numbers = {None: [], 1: [trial["number"] + 3], 4: [trial["number"] + 1]}[hours]
    assert pending(world).get("user", []) == [(number, -3) for number in numbers]
    all_due(world)
    apply_due_orders()
    assert seen(world, answer(response))["state"] == ("cancelled" if hours == 4 else "completed")
    assert balances_of(world)["user"] == (5, 0)


def test_an_overdue_expiry_cancels_no_reversal(world: World) -> None:
    trial = placed(world, line(world.seat, 3), ends_at=at(2))
    consume(world, world.user_sku, "a")
    assert pending(world)["user"] == [(trial["number"] + 1, None)]
    reversal = answer(world.call("POST", f"/orders/{trial['id']}/reverse", {"effective_at": at(4)}))
    assert pending(world)["user"] == [(trial["number"] + 1, None), (reversal["number"], None)]
    consume(world, world.user_sku, "a", verb="ledger_release")
    assert pending(world)["user"] == [(trial["number"] + 1, -3)]


def test_an_expiry_takes_its_own_revision_beforehand_too(world: World) -> None:
    placed(world, line(world.seat, 3), effective_at=at(1), ends_at=at(3))
    revise(world.seat, {world.channel_sku: 1})
    placed(world, line(world.seat, 2))
    assert [delta for _, delta in pending(world)["user"]] == [3, -3]
    assert [delta for _, delta in pending(world).get("sip-channel", [])] == []


def test_a_preview_ends_what_the_order_ends(world: World) -> None:
    placed(world, line(world.seat, 1), effective_at=at(1))
    assert after(world, line(world.seat, 4))["user"] == 5
    assert after(world, line(world.seat, 4), ends_at=at(2))["user"] == 1
    assert after(world, line(world.seat, 4), effective_at=at(2), ends_at=at(3))["user"] == 1
