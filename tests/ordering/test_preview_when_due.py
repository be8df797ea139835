"""A preview for a date says what the order does then, after all that is due before it."""

from typing import Any

from fusion.cli.verify import differences
from fusion.lifecycle.apply_due import apply_due_orders
from fusion.lifecycle.terminate import terminate
from tests.lifecycle.dating import at
from tests.lifecycle.dating import fall_due as all_due
from tests.lifecycle.dating import scheduled as state_order
from tests.ordering.placing import balances, consume, line, placed, revise
from tests.ordering.test_preview import preview
from tests.world import World, answer


def when_due(world: World, hours: float, *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    """What a preview says of the date in so many hours."""
    due = preview(world, *lines, effective_at=at(hours), **more)["when_due"]
    assert isinstance(due, dict)
    assert due["counted_orders"] == len(due["counted"])
    return due


def granted(due: dict[str, Any], sku: str = "user") -> tuple[int, int, int]:
    """(granted before, granted after, used) of a SKU then."""
    [one] = [each for each in due["balances"] if each["sku"] == sku]
    return one["granted_before"], one["granted_after"], one["used"]


def test_what_is_due_before_it_counts_and_what_is_due_later_does_not(world: World) -> None:
    placed(world, line(world.seat, 5))
    consume(world, world.user_sku, "a", "b")
    fewer = placed(world, line(world.seat, 3, "remove"), effective_at=at(24))
    more = placed(world, line(world.seat, 9), effective_at=at(72))
    result = preview(world, line(world.seat, 2, "remove"), effective_at=at(48))
    assert result["allowed"] is True  # as if it were due now
    assert result["when_due"]["allowed"] is False
    assert [each["code"] for each in result["when_due"]["refusals"]] == ["below-use"]
    assert granted(result["when_due"]) == (2, 0, 2)
    assert result["when_due"]["holdings"][0]["held_before"] == 2
    assert result["when_due"]["holdings"][0]["held_after"] is None
    assert result["when_due"]["counted"] == [
        {
            "order_id": fewer["id"],
            "number": fewer["number"],
            "kind": "change",
            "effective_at": fewer["effective_at"],
            "index": None,
        }
    ]
    assert result["when_due"]["unknown_from"] is None
    due = when_due(world, 96, line(world.seat, 2, "remove"))
    assert (due["allowed"], granted(due)) == (True, (11, 9, 2))
    assert [each["number"] for each in due["counted"]] == [fewer["number"], more["number"]]


def test_without_a_date_or_with_a_past_one_there_is_none(world: World) -> None:
    placed(world, line(world.seat), effective_at=at(5))
    assert preview(world)["when_due"] is None
    assert preview(world, effective_at=at(-1))["when_due"] is None


def test_with_nothing_scheduled_it_is_the_preview_of_now(world: World) -> None:
    placed(world, line(world.seat, 2))
    result = preview(world, line(world.seat, 1, "set"), effective_at=at(5))
    due = result["when_due"]
    assert due["balances"] == [
        {name: each[name] for name in ("sku", "granted_before", "granted_after", "used")}
        for each in result["balances"]
    ]
    assert (due["allowed"], due["holdings"]) == (True, result["holdings"])
    assert (due["counted"], due["counted_orders"]) == ([], 0)


def test_from_the_first_that_could_not_be_done_it_is_unknown(world: World) -> None:
    placed(world, line(world.seat, 2))
    before = placed(world, line(world.seat), effective_at=at(1))
    failing = placed(world, line(world.seat, 7, "remove"), effective_at=at(2))
    assert granted(when_due(world, 1.5, line(world.seat))) == (3, 4, 0)
    due = when_due(world, 3, line(world.seat))
    assert (due["allowed"], due["balances"], due["holdings"]) == (None, [], [])
    assert due["refusals"] == []
    assert [each["number"] for each in due["counted"]] == [before["number"], failing["number"]]
    assert due["unknown_from"]["order_id"] == failing["id"]
    assert due["unknown_from"]["refusal"]["code"] == "not-held"
    placed(world, line(world.seat, 4))
    assert granted(when_due(world, 3, line(world.seat))) == (0, 1, 0)


def test_an_order_of_the_same_instant_comes_before_it_and_a_termination_after(
    world: World,
) -> None:
    placed(world, line(world.seat, 2))
    moment = at(5)
    placed(world, line(world.seat, 3), effective_at=moment)
    ending = state_order(world, "terminate", 6)
    due = preview(world, line(world.seat, 4, "remove"), effective_at=moment)["when_due"]
    assert (due["allowed"], granted(due)) == (True, (5, 1, 0))
    same = preview(world, line(world.seat), effective_at=ending["effective_at"])["when_due"]
    assert (same["allowed"], granted(same)) == (True, (5, 6, 0))
    late = when_due(world, 7, line(world.seat))
    assert late["allowed"] is False
    [refusal] = late["refusals"]
    assert (refusal["code"], refusal["order_id"]) == ("cancelled-by-termination", ending["id"])
    assert (late["balances"], late["unknown_from"]) == ([], None)
    # also if something before it is uncertain
    placed(world, line(world.seat, 99, "remove"), effective_at=at(1))
    assert when_due(world, 7, line(world.seat))["allowed"] is False
    assert when_due(world, 5.5, line(world.seat))["allowed"] is None


def test_a_terminated_subscription_has_no_date(world: World) -> None:
    terminate(world.actor(), subscription_id=world.subscription.id)
    result = preview(world, effective_at=at(5))
    assert (result["allowed"], result["when_due"]) == (False, None)


def test_an_order_with_an_end_is_gone_after_it(world: World) -> None:
    placed(world, line(world.seat, 1))
    result = preview(world, line(world.seat, 4), ends_at=at(5))
    user = result["balances"][1]
    assert (user["granted_after"], user["granted_after_pending"]) == (5, 1)
    trial = placed(world, line(world.seat, 4), ends_at=at(5))
    due = when_due(world, 6, line(world.seat, 2))
    assert granted(due) == (1, 3, 0)
    assert [(each["order_id"], each["kind"]) for each in due["counted"]] == [
        (trial["expired_by"], "expiry")
    ]
    consume(world, world.user_sku, "a", "b")
    assert granted(when_due(world, 6, line(world.seat, 2))) == (5, 7, 2)  # overdue then


def test_an_end_takes_from_its_own_revision_first(world: World) -> None:
    """The revisions have different items, so that the figures show which units went."""
    placed(world, line(world.seat, 2), ends_at=at(2))
    revise(world.seat, {world.user_sku: 10})
    placed(world, line(world.seat, 3))
    path = f"/subscriptions/{world.subscription.id}/balances"
    before = {each["sku"]: each for each in answer(world.call("GET", path))["items"]}
    deltas = {sku: [each["delta"] for each in one["pending"]] for sku, one in before.items()}
    assert deltas == {"user": [-2], "be-geographic": [-2]}
    later = placed(world, line(world.seat, 1, "remove"), effective_at=at(3))
    assert granted(when_due(world, 2.5, line(world.seat, 1, "remove"))) == (30, 20, 0)
    assert granted(when_due(world, 4, line(world.seat, 1, "remove"))) == (20, 10, 0)
    expected = preview(world, line(world.seat, 1))["balances"]
    assert {each["sku"]: each["granted_after_pending"] for each in expected} == {"user": 30}
    all_due(world)
    apply_due_orders()
    assert balances(world) == {"user": (20, 0), "be-geographic": (0, 0)}
    order = answer(world.call("GET", f"/orders/{later['id']}"))
    assert order["lines"][0]["taken"] == [{"revision": 2, "quantity": 1}]
    assert differences() == []


def test_an_end_that_a_reversal_cancels_takes_nothing(world: World) -> None:
    """As when the worker carries them out: the reversal takes the units, the end no others."""
    trial = placed(world, line(world.seat, 2), ends_at=at(5))
    placed(world, line(world.seat, 4))
    response = world.call("POST", f"/orders/{trial['id']}/reverse", {"effective_at": at(2)})
    assert response.status_code == 201
    path = f"/subscriptions/{world.subscription.id}/balances"
    [_, user] = answer(world.call("GET", path))["items"]
    assert [each["delta"] for each in user["pending"]] == [-2]
    assert granted(when_due(world, 9, line(world.seat))) == (4, 5, 0)
    all_due(world)
    apply_due_orders()
    assert balances(world)["user"] == (4, 0)


def test_the_preview_of_a_reversal_cancels_the_end(world: World) -> None:
    trial = placed(world, line(world.seat, 2), ends_at=at(5))
    placed(world, line(world.seat, 4))
    body = {"reverses": trial["id"]}
    [_, user] = answer(world.call("POST", "/orders/preview", body))["balances"]
    assert (user["granted_after"], user["granted_after_pending"]) == (4, 4)
    late = answer(world.call("POST", "/orders/preview", {**body, "effective_at": at(9)}))
    assert late["when_due"]["allowed"] is False  # the end comes first, and cancels the reversal
    assert [each["code"] for each in late["when_due"]["refusals"]] == ["order-not-reversible"]


def test_a_hundred_orders_are_shown_and_a_thousand_counted(world: World) -> None:
    lines = [{"product_id": str(world.seat.id), "quantity": 1}]
    id = str(world.subscription.id)
    for first in (0, 900):
        orders = [
            {"subscription_id": id, "lines": lines, "effective_at": at(24 + first + index)}
            for index in range(900 if first == 0 else 101)
        ]
        results = answer(world.call("POST", "/orders/batch", {"orders": orders}))["results"]
        assert {each["status"] for each in results} == {201}
        if first == 0:
            result = preview(world, effective_at=at(9999))
            assert granted(result["when_due"]) == (900, 901, 0)
            due = result["when_due"]
            assert (due["counted_orders"], len(due["counted"])) == (900, 20)
    body = answer(world.call("GET", f"/subscriptions/{id}/balances"))
    [_, user] = body["items"]
    assert [each["delta"] for each in user["pending"]] == [1] * 100
    assert body["pending_rest"]["orders"] == 901
    assert user["pending"][-1]["effective_at"] < body["pending_rest"]["effective_from"]
    result = preview(world, effective_at=at(9999))
    assert result["when_due"]["allowed"] is None
    last = results[-1]["order"]
    assert result["when_due"]["unknown_from"]["order_id"] == last["id"]
    assert result["when_due"]["unknown_from"]["refusal"] is None
    assert {each["granted_after_pending"] for each in result["balances"]} == {None}
