"""Reversals: an order that takes back exactly what another did, revision by revision, once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.http import HttpResponse

from fusion.kernel.checks import run_checks
from fusion.lifecycle.apply_due import apply_due_orders
from fusion.ordering.checks import CHECKS
from tests.ordering.placing import (
    balances,
    consume,
    events,
    fall_due,
    holdings,
    line,
    placed,
    retire,
    revise,
    seen,
    terminate,
)
from tests.owner import as_owner, switch_off_triggers
from tests.world import World, answer

LATER = (datetime.now(UTC) + timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")


def reverse(
    world: World, order: dict[str, Any], key: str | None = None, **body: Any
) -> HttpResponse:
    """POST the reversal of an order."""
    headers = {} if key is None else {"Idempotency-Key": key}
    return world.call("POST", f"/orders/{order['id']}/reverse", body, headers=headers)


def reversed_by(world: World, order: dict[str, Any], **body: Any) -> dict[str, Any]:
    """The document of an accepted reversal."""
    response = reverse(world, order, **body)
    assert response.status_code == 201, response.content
    document: dict[str, Any] = answer(response)
    return document


def refusal(world: World, order: dict[str, Any], **body: Any) -> dict[str, Any]:
    """The problem of a refused reversal; checks that nothing changed."""
    before = world.fingerprint()
    response = reverse(world, order, **body)
    problem: dict[str, Any] = answer(response)
    assert response.status_code == 409, problem
    assert world.fingerprint() == before
    return problem


def parts(order: dict[str, Any]) -> list[tuple[str, int | None, int]]:
    """(action, revision, quantity) of each line."""
    return [(each["action"], each["revision"], each["quantity"]) for each in order["lines"]]


@pytest.fixture
def world(world: World) -> World:
    """Six seats of two revisions are held; the second grants another SKU, too."""
    placed(world, line(world.seat, 4))
    revise(world.seat, {world.user_sku: 1, world.channel_sku: 2})
    placed(world, line(world.seat, 2))
    return world


@pytest.mark.parametrize(
    ("lines", "undone"),
    [
        ([("add", 3)], [("remove", 2, 3)]),
        ([("remove", 5)], [("add", 1, 3), ("add", 2, 2)]),
        ([("set", 9)], [("remove", 2, 3)]),
        ([("set", 1)], [("add", 1, 3), ("add", 2, 2)]),
        ([("remove", 5), ("add", 5)], [("add", 1, 3), ("remove", 2, 3)]),
        ([("add", 2), ("remove", 3)], [("add", 1, 1)]),
    ],
)
def test_takes_back_by_revision(
    world: World, lines: list[tuple[str, int]], undone: list[tuple[str, int, int]]
) -> None:
    held, granted = holdings(world), balances(world)
    order = placed(world, *(line(world.seat, quantity, action) for action, quantity in lines))
    reversal = reversed_by(world, order, note="Ordered by mistake")
    assert parts(reversal) == undone
    assert (holdings(world), balances(world)) == (held, granted)
    assert (reversal["kind"], reversal["state"]) == ("reversal", "completed")
    assert (reversal["reverses"], reversal["reversed_by"]) == (order["id"], None)
    assert seen(world, order)["reversed_by"] == reversal["id"]
    changes = {each["sku"]: -each["granted_delta"] for each in order["changes"]}
    assert {each["sku"]: each["granted_delta"] for each in reversal["changes"]} == changes
    last = events(world, "order.")[-1]
    assert (last["type"], last["subject"]) == ("order.completed", reversal["id"])


def test_names_the_revision_that_goes(world: World) -> None:
    order = placed(world, line(world.seat, 1, "remove") | {"revision": 1})
    assert parts(reversed_by(world, order)) == [("add", 1, 1)]
    assert holdings(world) == {("seat", 1): 4, ("seat", 2): 2}


def test_several_products(world: World) -> None:
    trunk = world.product("trunk", {world.channel_sku: 3})
    held = holdings(world)
    order = placed(world, line(trunk, 2), line(world.seat, 3, "remove"))
    reversal = reversed_by(world, order)
    assert [(each["product_code"], each["action"]) for each in reversal["lines"]] == [
        ("trunk", "remove"),
        ("seat", "add"),
        ("seat", "add"),
    ]
    assert holdings(world) == held


def test_grants_retired_products_again(world: World) -> None:
    order = placed(world, line(world.seat, 5, "remove"))
    retire(world.seat)
    assert parts(reversed_by(world, order)) == [("add", 1, 3), ("add", 2, 2)]


def test_happens_once(world: World) -> None:
    order = placed(world, line(world.seat, 3))
    first = reversed_by(world, order)
    problem = refusal(world, order)
    assert problem["code"] == "already-reversed"
    assert problem["detail"] == (
        f"Order {order['number']} was already reversed by order {first['number']}."
    )
    assert problem["existing"] == {
        "kind": "order",
        "id": first["id"],
        "number": first["number"],
        "state": "completed",
    }


def test_a_scheduled_one_takes_the_place_until_it_is_cancelled(world: World) -> None:
    order = placed(world, line(world.seat, 3))
    first = reversed_by(world, order, effective_at=LATER)
    assert (first["state"], parts(first)) == ("scheduled", [("remove", 2, 3)])
    assert seen(world, order)["reversed_by"] == first["id"]
    problem = refusal(world, order)
    assert (problem["code"], problem["existing"]["state"]) == ("already-reversed", "scheduled")
    assert world.call("POST", f"/orders/{first['id']}/cancel").status_code == 200
    assert seen(world, order)["reversed_by"] is None
    second = reversed_by(world, order)
    assert seen(world, order)["reversed_by"] == second["id"]


def test_a_failed_one_frees_the_place(world: World) -> None:
    order = placed(world, line(world.seat, 3))
    first = reversed_by(world, order, effective_at=LATER)
    taken = placed(world, line(world.seat, 5, "remove"))
    fall_due(first)
    apply_due_orders()
    assert seen(world, first)["failure"]["code"] == "not-held"
    assert seen(world, order)["reversed_by"] is None
    reversed_by(world, taken)
    reversed_by(world, order)
    assert holdings(world) == {("seat", 1): 4, ("seat", 2): 2}


def test_a_scheduled_one_is_applied(world: World) -> None:
    order = placed(world, line(world.seat, 5, "remove"))
    reversal = reversed_by(world, order, effective_at=LATER)
    retire(world.seat)
    fall_due(reversal)
    apply_due_orders()
    assert (seen(world, reversal)["state"], parts(reversal)) == (
        "completed",
        [("add", 1, 3), ("add", 2, 2)],
    )
    assert holdings(world) == {("seat", 1): 4, ("seat", 2): 2}


def test_what_is_in_use_stays(world: World) -> None:
    order = placed(world, line(world.seat, 3))
    consume(world, world.user_sku, *(f"u{n}" for n in range(7)))
    problem = refusal(world, order)
    assert (problem["code"], problem["refusals"][0]["missing"]) == ("below-use", 1)


def test_a_revision_that_is_gone_is_refused(world: World) -> None:
    order = placed(world, line(world.seat, 3))
    placed(world, line(world.seat, 3, "remove"))
    problem = refusal(world, order)
    assert problem["code"] == "not-held"
    assert problem["holdings"] == [
        {
            "product_id": str(world.seat.id),
            "product_code": "seat",
            "revision": 2,
            "held": 2,
            "requested": 3,
            "missing": 1,
        }
    ]


def test_only_what_changed_something_can_be_reversed(world: World) -> None:
    scheduled = placed(world, line(world.seat, 1), effective_at=LATER)
    assert "Cancel it instead" in refusal(world, scheduled)["detail"]
    world.call("POST", f"/orders/{scheduled['id']}/cancel")
    assert "is cancelled and changed nothing" in refusal(world, scheduled)["detail"]
    path = f"/subscriptions/{world.subscription.id}/suspend"
    world.call("POST", path, {"reason": "fraud", "external_reference": "S1"})
    (suspension,) = answer(world.call("GET", "/orders?kind=suspension"))["items"]
    assert "of kind suspension" in refusal(world, suspension)["detail"]
    order = placed(world, line(world.seat, 1))
    assert "of kind reversal" in refusal(world, reversed_by(world, order))["detail"]
    nothing = placed(world, line(world.seat, 6, "set"), external_reference="same")
    problem = refusal(world, nothing)
    assert problem["code"] == "order-not-reversible"
    assert "changed no quantity" in problem["detail"]


def test_a_terminated_subscription_stays_empty(world: World) -> None:
    order = placed(world, line(world.seat, 1))
    terminate(world)
    assert refusal(world, order)["code"] == "subscription-terminated"


def test_repeats_replay_and_references_are_unique(world: World) -> None:
    order, other = placed(world, line(world.seat, 1)), placed(world, line(world.seat, 2))
    first = answer(reverse(world, order, "K", external_reference="R"))
    again = reverse(world, order, "K", external_reference="R")
    assert (again.status_code, answer(again)["id"]) == (201, first["id"])
    assert reverse(world, other, "K", external_reference="R").status_code == 422
    problem = refusal(world, order, external_reference="R")
    assert (problem["code"], problem["same_request"]) == ("external-reference-taken", True)
    problem = refusal(world, other, external_reference="R")
    assert (problem["code"], problem["same_request"]) == ("external-reference-taken", False)


def test_a_preview_shows_the_effect(world: World) -> None:
    order = placed(world, line(world.seat, 5, "remove"))
    retire(world.seat)
    before = world.fingerprint()
    preview = answer(world.call("POST", "/orders/preview", {"reverses": order["id"]}))
    assert world.fingerprint() == before
    assert preview["allowed"]
    assert preview["holdings"] == [
        {
            "product_id": str(world.seat.id),
            "product_code": "seat",
            "held_before": 1,
            "held_after": 6,
        }
    ]
    reversed_by(world, order)
    preview = answer(world.call("POST", "/orders/preview", {"reverses": order["id"]}))
    assert not preview["allowed"]
    assert [each["code"] for each in preview["refusals"]] == ["already-reversed"]


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"lines": [{"product_code": "seat", "quantity": 1}]}, "lines"),
        ({"reverses": "x"}, "reverses"),
        ({"reverses": None}, "subscription_id"),
    ],
)
def test_a_preview_of_both_is_refused(world: World, more: dict[str, Any], field: str) -> None:
    order = placed(world, line(world.seat, 1))
    response = world.call("POST", "/orders/preview", {"reverses": order["id"], **more})
    assert response.status_code == 422
    assert field in [each["field"] for each in answer(response)["errors"]]


def test_the_order_names_the_subscription(world: World) -> None:
    order = placed(world, line(world.seat, 1))
    body = {"reverses": order["id"], "subscription_id": str(world.subscription.id)}
    response = world.call("POST", "/orders/preview", body)
    assert response.status_code == 422
    assert [each["field"] for each in answer(response)["errors"]] == ["subscription_id"]


def test_verify_finds_a_reversal_of_something_else(world: World) -> None:
    reversal = reversed_by(world, placed(world, line(world.seat, 1)))
    with as_owner(), transaction.atomic(), connection.cursor() as cursor:
        assert list(run_checks(CHECKS)) == []
        switch_off_triggers("ordering_orderline")
        cursor.execute(
            "UPDATE ordering_orderline SET taken = %s WHERE order_id = %s",
            ['[{"revision": 1, "quantity": 1}]', reversal["id"]],
        )
        found = [each for each in run_checks(CHECKS) if "reversed by order" in each]
        assert len(found) == 2
        transaction.set_rollback(True)


def test_a_past_date_within_the_grace_counts_at_once(world: World) -> None:
    order = placed(world, line(world.seat, 1))
    instants = [datetime.now(UTC) - timedelta(hours=hours) for hours in (25, 1)]
    problem = answer(reverse(world, order, effective_at=instants[0].isoformat()))
    assert [each["field"] for each in problem["errors"]] == ["effective_at"]
    reversal = reversed_by(world, order, effective_at=instants[1].isoformat())
    assert reversal["state"] == "completed"
    assert [each["code"] for each in reversal["warnings"]] == ["late"]
    assert refusal(world, order, effective_at=instants[0].isoformat())["code"] == "already-reversed"
