"""Scheduled orders: kept as placed, applied when due, in order; cancelled only until then."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from fusion.kernel.clock import instant, read_instant
from fusion.lifecycle.apply_due import apply_due_orders
from tests.instants import MOMENT, still_clock
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
from tests.server import wait_for
from tests.world import World, answer, make_subscription

LATER = (datetime.now(UTC) + timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")


def scheduled(world: World, *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The document of an order for later, which has changed no balance."""
    before = balances(world), holdings(world)
    order = placed(world, *lines, **{"effective_at": LATER, **more})
    assert order["state"] == "scheduled"
    assert order["completed_at"] is None
    assert order["changes"] == []
    assert (balances(world), holdings(world)) == before
    return order


def cancel(world: World, order: dict[str, Any], key: str | None = None) -> Any:
    """POST …/cancel."""
    headers = {"Idempotency-Key": key} if key else {}
    return world.call("POST", f"/orders/{order['id']}/cancel", headers=headers)


def test_scheduled_then_applied(world: World) -> None:
    order = scheduled(world, line(world.seat, 3), external_reference="x")
    apply_due_orders()
    assert seen(world, order) == order
    fall_due(order)
    assert apply_due_orders() >= 1
    applied = seen(world, order)
    assert applied["state"] == "completed"
    assert applied["completed_at"] > applied["effective_at"]
    assert applied["placed_at"] == order["placed_at"]
    assert applied["lines"] == order["lines"]
    assert applied["changes"] == [
        {"sku": "be-geographic", "granted_delta": 3},
        {"sku": "user", "granted_delta": 3},
    ]
    assert balances(world)["user"] == (3, 0)
    result = events(world, "order.")
    assert [event["type"] for event in result] == ["order.scheduled", "order.completed"]
    assert json.loads(result[0]["data"]) == order
    assert json.loads(result[1]["data"]) == applied
    before = world.fingerprint()
    apply_due_orders()
    assert world.fingerprint() == before


def test_this_instant_is_not_in_the_future(world: World) -> None:
    now = read_instant(LATER)
    with still_clock() as go_to:
        go_to(now)
        assert placed(world, effective_at=LATER)["state"] == "completed"
        assert placed(world, effective_at=instant(now + MOMENT))["state"] == "scheduled"


def test_an_order_is_due_at_its_instant(world: World) -> None:
    order = scheduled(world, line(world.seat, 3))
    due = read_instant(order["effective_at"])
    with still_clock() as go_to:
        go_to(due - MOMENT)
        apply_due_orders()
        assert seen(world, order)["state"] == "scheduled"
        go_to(due)
        apply_due_orders()
        assert seen(world, order)["state"] == "completed"


def test_the_offset_of_effective_at_counts(world: World) -> None:
    order = placed(world, effective_at="2029-03-03T10:15:00+05:30")
    assert order["effective_at"] == "2029-03-03T04:45:00.000000Z"


def test_five_years_ahead_and_no_further(world: World) -> None:
    today = datetime.now(UTC).replace(microsecond=0)
    latest = today.replace(year=today.year + 5, day=min(today.day, 28))
    assert placed(world, effective_at=latest.isoformat())["state"] == "scheduled"
    for ahead in (timedelta(days=4), timedelta(days=40_000)):
        problem = refused(world, 422, "invalid-fields", effective_at=(latest + ahead).isoformat())
        assert [error["field"] for error in problem["errors"]] == ["effective_at"]


def test_revisions_are_fixed_when_it_is_placed(world: World) -> None:
    order = scheduled(world, line(world.seat, 2))
    revise(world.seat, {world.user_sku: 50})
    fall_due(order)
    apply_due_orders()
    assert holdings(world) == {("seat", 1): 2}
    assert balances(world) == {"be-geographic": (2, 0), "user": (2, 0)}


def test_retiring_does_not_stop_it(world: World) -> None:
    order = scheduled(world)
    retire(world.seat)
    fall_due(order)
    apply_due_orders()
    assert seen(world, order)["state"] == "completed"


def test_a_removal_may_be_scheduled_before_there_is_anything_to_remove(world: World) -> None:
    order = scheduled(world, line(world.seat, 2, "remove"))
    placed(world, line(world.seat, 3))
    fall_due(order)
    apply_due_orders()
    applied = seen(world, order)
    assert applied["state"] == "completed"
    assert applied["lines"][0]["taken"] == [{"revision": 1, "quantity": 2}]
    assert holdings(world) == {("seat", 1): 1}


def test_an_impossible_order_fails_with_the_usual_refusal(
    world: World,
) -> None:
    placed(world, line(world.seat, 3))
    order = scheduled(world, line(world.seat, 2, "remove"))
    consume(world, world.user_sku, "a", "b", "c")
    caller = answer(place(world, line(world.seat, 2, "remove")))
    fall_due(order)
    apply_due_orders()
    failed = seen(world, order)
    assert failed["state"] == "failed"
    assert failed["completed_at"] is None
    assert failed["changes"] == []
    assert failed["failure"]["code"] == "below-use" == caller["code"]
    assert failed["failure"]["detail"] == caller["detail"]
    assert failed["failure"]["refusals"] == caller["refusals"]
    assert balances(world) == {"be-geographic": (3, 0), "user": (3, 3)}
    last = events(world, "order.")[-1]
    assert (last["type"], last["subject"]) == ("order.failed", order["id"])
    assert json.loads(last["data"]) == failed


def test_a_failed_order_does_not_block_later_ones(world: World) -> None:
    orders = [
        scheduled(world, line(world.seat, 9, "remove")),
        scheduled(world, line(world.seat, 2)),
        scheduled(world, line(world.seat, 1, "remove")),
    ]
    fall_due(*orders)
    apply_due_orders()
    assert [seen(world, order)["state"] for order in orders] == [
        "failed",
        "completed",
        "completed",
    ]
    assert balances(world)["user"] == (1, 0)


def test_applied_in_the_order_of_effective_time(world: World) -> None:
    second = scheduled(world, line(world.seat, 2, "remove"))
    first = scheduled(world, line(world.seat, 2))
    fall_due(first, second)
    apply_due_orders()
    assert [seen(world, order)["state"] for order in (first, second)] == ["completed"] * 2
    assert balances(world)["user"] == (0, 0)


def test_of_two_at_the_same_instant_the_one_placed_first(world: World) -> None:
    add = scheduled(world, line(world.seat, 2))
    remove = scheduled(world, line(world.seat, 2, "remove"))
    fall_due(add)
    fall_due(remove)
    apply_due_orders()
    assert [seen(world, order)["state"] for order in (add, remove)] == ["completed"] * 2


def test_several_subscriptions_at_once(world: World) -> None:
    subscriptions = [make_subscription(world.tenant, f"S{index}") for index in range(4)]
    orders = []
    for subscription in subscriptions:
        body = draft(world, subscription=subscription, effective_at=LATER)
        orders.append(answer(world.call("POST", "/orders", body)))
    fall_due(*orders)
    apply_due_orders()
    assert {seen(world, order)["state"] for order in orders} == {"completed"}


def test_of_several_in_one_call_only_the_one_that_a_constraint_refuses_fails(world: World) -> None:
    """The ledger of the first already has the entry that its balance counts next."""
    orders = []
    for subscription in (world.subscription, make_subscription(world.tenant, "second")):
        body = draft(world, subscription=subscription)
        for _ in range(2):
            assert world.call("POST", "/orders", body).status_code == 201
        orders.append(answer(world.call("POST", "/orders", {**body, "effective_at": LATER})))
    before = world.fingerprint()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE ledger_balance SET sequence = 1 WHERE group_id = %s AND subscription_id = %s",
            [world.group.id, world.subscription.id],
        )
        cursor.execute(
            "SELECT state, failure ->> 'detail'"
            " FROM ordering_settle_all(%s, %s::uuid[], 'system:worker', '', '{NULL,NULL}')",
            [world.group.id, [order["id"] for order in orders]],
        )
        assert cursor.fetchall() == [
            ("failed", "The order would have violated the database constraint ledger_entry_pkey."),
            ("completed", None),
        ]
        transaction.set_rollback(True)
    assert world.fingerprint() == before


def test_a_replay_after_its_time_has_come(world: World) -> None:
    body = draft(world, effective_at=LATER)
    headers = {"Idempotency-Key": "k"}
    first = world.call("POST", "/orders", body, headers=headers)
    fall_due(answer(first))
    apply_due_orders()
    before = world.fingerprint()
    again = world.call("POST", "/orders", body, headers=headers)
    assert (again.status_code, again.content) == (201, first.content)
    assert again["Idempotency-Replayed"] == "true"
    assert world.fingerprint() == before


def database_now() -> datetime:
    """The clock that decides; that of this process may be another."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT kernel_now()")
        now: datetime = cursor.fetchone()[0]
    return now


def test_a_replay_of_a_request_whose_instant_has_passed(world: World) -> None:
    """The stored answer comes before a look at the date."""
    for attempt in range(8):  # on a slow machine an instant that is near has passed already
        soon = database_now() + timedelta(milliseconds=200 * 2**attempt)
        body = draft(world, effective_at=soon.isoformat())
        headers = {"Idempotency-Key": f"k{attempt}"}
        first = world.call("POST", "/orders", body, headers=headers)
        if answer(first)["state"] == "scheduled":
            break
    assert answer(first)["state"] == "scheduled"
    wait_for(lambda: database_now() > soon, "the instant to pass")
    again = world.call("POST", "/orders", body, headers=headers)
    assert again.content == first.content
    other = answer(world.call("POST", "/orders", body))
    assert other["state"] == "completed"
    assert [warning["code"] for warning in other["warnings"]] == ["late"]


def test_cancelled_while_scheduled(world: World) -> None:
    order = scheduled(world, external_reference="x")
    response = cancel(world, order)
    cancelled = answer(response)
    assert response.status_code == 200
    assert cancelled == {**order, "state": "cancelled"}
    assert seen(world, order) == cancelled
    fall_due(order)
    apply_due_orders()
    assert balances(world) == {}
    last = events(world, "order.")[-1]
    assert (last["type"], json.loads(last["data"])) == ("order.cancelled", cancelled)


@pytest.mark.parametrize("state", ["completed", "failed", "cancelled"])
def test_only_a_scheduled_order_can_be_cancelled(world: World, state: str) -> None:
    if state == "completed":
        order = placed(world)
    else:
        order = scheduled(world, line(world.seat, 1, "remove"))
        if state == "cancelled":
            cancel(world, order)
        fall_due(order)
        apply_due_orders()
    assert seen(world, order)["state"] == state
    before = world.fingerprint()
    response = cancel(world, order)
    assert response.status_code == 409
    assert answer(response)["code"] == "order-not-cancellable"
    assert state in answer(response)["detail"]
    assert world.fingerprint() == before


def test_cancelling_again_with_the_same_key(world: World) -> None:
    order = scheduled(world)
    first = cancel(world, order, "k")
    before = world.fingerprint()
    again = cancel(world, order, "k")
    assert (again.status_code, again.content) == (200, first.content)
    assert again["Idempotency-Replayed"] == "true"
    other = cancel(world, scheduled(world), "k")
    assert (other.status_code, answer(other)["code"]) == (422, "idempotency-key-reused")
    assert before != world.fingerprint()  # the second order, and nothing else


def test_an_external_reference_is_free_again_after_failure_and_cancellation(world: World) -> None:
    order = scheduled(world, line(world.seat, 1, "remove"), external_reference="x")
    refused(world, 409, "external-reference-taken", external_reference="x")
    cancel(world, order)
    order = scheduled(world, line(world.seat, 1, "remove"), external_reference="x")
    refused(world, 409, "external-reference-taken", external_reference="x")
    fall_due(order)
    apply_due_orders()
    assert seen(world, order)["state"] == "failed"
    assert placed(world, external_reference="x")["state"] == "completed"
    problem = refused(world, 409, "external-reference-taken", external_reference="x")
    assert "x" in problem["detail"]


def test_references_are_of_a_group(world: World) -> None:
    other = World()
    assert placed(world, external_reference="x")
    assert placed(other, external_reference="x")
    cased = place(world, external_reference="X")
    assert cased.status_code == 201
