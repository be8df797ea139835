"""Other dates for scheduled orders of every kind; who comes second finds what the first left."""

from collections import Counter
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.http import HttpResponse

from fusion.cli.verify import differences
from fusion.kernel.clock import read_instant
from fusion.kernel.errors import Problem
from fusion.lifecycle.apply_due import apply_due_orders
from fusion.lifecycle.reschedule import reschedule_order
from fusion.lifecycle.terminate import terminate
from fusion.ordering.cancel import cancel_order
from tests.bounds import PATIENCE
from tests.concurrency.actors import add, at_once, balance, holding, order, rows
from tests.lifecycle.dating import at, fall_due, scheduled, seen, state, types
from tests.ordering.placing import balances, consume, line, placed, revise
from tests.world import World, answer


def move(
    world: World, order: dict[str, Any], when: str, key: str | None = None, by: Any = None
) -> HttpResponse:
    """PATCH the order's date."""
    headers = {"Idempotency-Key": key} if key else {}
    path = f"/orders/{order['id']}"
    return world.call("PATCH", path, {"effective_at": when}, by=by, headers=headers)


def moved(world: World, order: dict[str, Any], when: str) -> dict[str, Any]:
    """The document of an order that was moved."""
    response = move(world, order, when)
    document: dict[str, Any] = answer(response)
    assert response.status_code == 200, document
    assert document == seen(world, order)
    return document


def refused(world: World, order: dict[str, Any], when: str, status: int, code: str) -> Any:
    """The refusal, which has changed nothing."""
    before = world.fingerprint()
    problem = answer(move(world, order, when))
    assert (problem["status"], problem["code"]) == (status, code), problem
    assert world.fingerprint() == before
    return problem


def test_to_another_day(world: World) -> None:
    order = placed(world, line(world.seat, 3), effective_at=at(5), note="n")
    revise(world.seat, {world.user_sku: 50})
    for when in (at(9), at(2)):
        document = moved(world, order, when)
        assert document == {**order, "effective_at": when}
    assert types(world)[-3:] == ["order.scheduled", "order.rescheduled", "order.rescheduled"]
    before = types(world)
    assert moved(world, order, when) == document
    assert types(world) == before  # the same date: nothing happened
    fall_due(world)
    assert apply_due_orders() == 1
    assert balances(world)["user"] == (3, 0)
    audited = rows("SELECT verb FROM tenancy_auditrecord WHERE object_id = %s", [order["id"]])
    assert Counter(audited)[("order.reschedule",)] == 3
    assert differences() == []


def test_past_another_order(world: World) -> None:
    """Orders are applied by their new dates."""
    first = placed(world, line(world.seat, 3), effective_at=at(2))
    placed(world, line(world.seat, 3, "remove"), effective_at=at(3))
    moved(world, first, at(4))
    fall_due(world)
    apply_due_orders()
    states = rows("SELECT state FROM ordering_order WHERE subscription_id = %s ORDER BY number",
                  [world.subscription.id])  # fmt: skip
    assert states == [("completed",), ("failed",)]


def test_to_a_past_date_it_is_done_at_once(world: World) -> None:
    order = placed(world, line(world.seat, 3), effective_at=at(5))
    when = at(-2)
    document = moved(world, order, when)
    assert (document["state"], document["effective_at"]) == ("completed", when)
    assert document["completed_at"] > when
    assert [warning["code"] for warning in document["warnings"]] == ["late"]
    assert balances(world)["user"] == (3, 0)
    assert types(world)[-1] == "order.completed" and "order.rescheduled" not in types(world)
    refused(world, order, at(3), 409, "order-not-scheduled")
    assert differences() == []


def test_refused_at_once_it_stays_as_it_was(world: World) -> None:
    placed(world, line(world.seat, 3))
    order = placed(world, line(world.seat, 2, "remove"), effective_at=at(5))
    consume(world, world.user_sku, "a", "b")
    problem = refused(world, order, at(-1), 409, "below-use")
    assert problem["refusals"][0]["missing"] == 1
    assert seen(world, order)["state"] == "scheduled"


def test_each_kind(world: World) -> None:
    placed(world, line(world.seat, 2))
    for action, reached in (
        ("suspend", ("suspended", ["fraud"])),
        ("resume", ("active", [])),
        ("terminate", ("terminated", [])),
    ):
        reason = {} if action == "terminate" else {"reason": "fraud"}
        document = scheduled(world, action, 5, **reason)
        assert moved(world, document, at(30))["state"] == "scheduled"
        assert types(world)[-1] == "order.rescheduled"
        done = moved(world, document, at(-1))
        assert (done["state"], done["kind"]) == ("completed", document["kind"])
        assert state(world) == reached
    assert balances(world)["user"] == (0, 0)
    assert differences() == []


@pytest.mark.parametrize("reached", ["completed", "failed", "cancelled"])
def test_only_a_scheduled_order(world: World, reached: str) -> None:
    if reached == "completed":
        order = placed(world)
    else:
        order = placed(world, line(world.seat, 1, "remove"), effective_at=at(5))
        if reached == "cancelled":
            world.call("POST", f"/orders/{order['id']}/cancel")
        fall_due(world)
        apply_due_orders()
    assert seen(world, order)["state"] == reached
    problem = refused(world, order, at(9), 409, "order-not-scheduled")
    assert reached in problem["detail"]
    refused(world, order, at(-99), 409, "order-not-scheduled")  # the state comes before the date


def test_wrong_dates(world: World) -> None:
    order = placed(world, effective_at=at(5))
    for hours in (-24.1, 24 * 366 * 6):
        problem = refused(world, order, at(hours), 422, "invalid-fields")
        assert [error["field"] for error in problem["errors"]] == ["effective_at"]
    before = world.fingerprint()
    for body in ({}, {"effective_at": None}, {"effective_at": "x"}, {"note": "n"}):
        response = world.call("PATCH", f"/orders/{order['id']}", body)
        assert response.status_code == 422
    assert world.call("PATCH", f"/orders/{order['id']}", {"effective_at": at(9)},
                      by=world.tenant).status_code == 403  # fmt: skip
    assert world.fingerprint() == before


def test_repeated_with_its_key(world: World) -> None:
    order = placed(world, effective_at=at(5))
    when = at(-1)
    first = move(world, order, when, key="k")
    before = world.fingerprint()
    again = move(world, order, when, key="k")
    assert (again.status_code, again.content) == (200, first.content)
    assert again["Idempotency-Replayed"] == "true"
    assert world.fingerprint() == before


def test_the_warnings_about_terminations_follow_the_date(world: World) -> None:
    def codes(document: dict[str, Any]) -> list[str]:
        return [warning["code"] for warning in document["warnings"]]

    placed(world, line(world.seat, 2))
    ending = scheduled(world, "terminate", 10)
    expecting = {**line(world.seat, 2, "remove"), "expected_quantity": 7}
    order = placed(world, expecting, effective_at=at(5))
    assert codes(order) == ["quantity-changed"]
    order = moved(world, order, at(12))
    assert sorted(codes(order)) == ["cancelled-by-termination", "quantity-changed"]
    assert codes(moved(world, ending, at(11))) == ["cancels-orders"]
    assert codes(moved(world, ending, at(13))) == []
    assert codes(moved(world, order, at(12.5))) == ["quantity-changed"]


# -- two actors


def _later(hours: float) -> datetime:
    return read_instant(at(hours))


def _said(world: World, id: UUID, hours: float) -> str:
    try:
        answer = reschedule_order(world.actor(), order_id=id, effective_at=_later(hours))
        return str(answer.body["state"])
    except Problem as problem:
        return problem.code


def _placed(world: World) -> UUID:
    made = order(world, add(world.seat), effective_at=_later(24))[1]
    return UUID(made["id"])


def _state(id: UUID) -> str:
    [(state,)] = rows("SELECT state FROM ordering_order WHERE id = %s", [id])
    return str(state)


def test_it_waits_for_a_worker_and_is_refused(world: World) -> None:
    id = _placed(world)
    fall_due(world)
    with holding() as meanwhile:
        assert apply_due_orders() == 1
        late = meanwhile.start(partial(_said, world, id, 9))
    assert late.result(PATIENCE) == "order-not-scheduled"
    assert balance(world, world.user_sku) == (1, 0)


@pytest.mark.parametrize(("hours", "state"), [(9, "scheduled"), (-1, "completed")])
def test_a_worker_passes_it_over_and_finds_the_new_date(
    world: World, hours: float, state: str
) -> None:
    id = _placed(world)
    fall_due(world)
    with holding():
        assert _said(world, id, hours) == state
        assert at_once(apply_due_orders) == [0]
    apply_due_orders()
    assert _state(id) == state
    assert balances(world).get("user", (0, 0)) == (int(state == "completed"), 0)
    assert differences() == []


def test_it_waits_for_a_cancellation(world: World) -> None:
    id = _placed(world)
    with holding() as meanwhile:
        cancel_order(world.actor(), order_id=id)
        late = meanwhile.start(partial(_said, world, id, 9))
    assert late.result(PATIENCE) == "order-not-scheduled"
    assert _state(id) == "cancelled"


def test_a_cancellation_waits_for_it(world: World) -> None:
    id = _placed(world)
    with holding() as meanwhile:
        assert _said(world, id, -1) == "completed"
        late = meanwhile.start(lambda: _cancelled(world, id))
    assert late.result(PATIENCE) == "order-not-cancellable"
    assert _state(id) == "completed"


def _cancelled(world: World, id: UUID) -> str:
    try:
        return str(cancel_order(world.actor(), order_id=id).body["state"])
    except Problem as problem:
        return problem.code


def test_it_waits_for_a_termination(world: World) -> None:
    id = _placed(world)
    with holding() as meanwhile:
        terminate(world.actor(), subscription_id=world.subscription.id)
        late = meanwhile.start(partial(_said, world, id, -1))
    assert late.result(PATIENCE) == "order-not-scheduled"
    assert _state(id) == "cancelled"
    assert differences() == []


def test_several_movers_and_workers(world: World) -> None:
    ids = [_placed(world) for _ in range(5)]
    fall_due(world)
    at_once(
        *[partial(_said, world, id, -1) for id in ids],
        *[partial(_said, world, id, 9) for id in ids],
        *[lambda: str(apply_due_orders())] * 2,
    )
    apply_due_orders()
    done = sum(_state(id) == "completed" for id in ids)
    assert balances(world).get("user", (0, 0)) == (done, 0)
    events = Counter(types(world))
    assert events["order.completed"] == done
    assert done + sum(_state(id) == "scheduled" for id in ids) == len(ids)
    assert differences() == []
