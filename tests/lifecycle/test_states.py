"""Suspending, resuming and terminating: who may, what it does, and what repeats do."""

from typing import Any

import pytest
from django.db import connection

from fusion.access.actor import AGENT, VIEWER
from fusion.kernel.errors import Problem
from fusion.lifecycle.resume import resume
from fusion.lifecycle.suspend import suspend
from fusion.lifecycle.terminate import terminate
from tests.tenancy.acting import audited, events, refused
from tests.world import World, answer


def act(world: World, action: str, by: Any = None) -> Any:
    return world.call("POST", f"/subscriptions/{world.subscription.id}/{action}", by=by)


def order(world: World, quantity: int, **more: Any) -> Any:
    line = {"product_id": str(world.seat.id), "quantity": quantity}
    body = {"subscription_id": str(world.subscription.id), "lines": [line], **more}
    return world.call("POST", "/orders", body)


def balances(world: World) -> list[tuple[str, int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sku, granted, used FROM ledger_balance WHERE subscription_id = %s ORDER BY sku",
            [world.subscription.id],
        )
        found: list[tuple[str, int, int]] = cursor.fetchall()
        return found


def test_suspend_and_resume(world: World) -> None:
    for action, status in [("suspend", "suspended"), ("resume", "active")]:
        for _ in range(2):  # the second time is harmless
            response = act(world, action)
            assert (response.status_code, answer(response)["status"]) == (200, status)
    result = events(world)
    assert [type for type, *_ in result] == [
        "order.completed",
        "subscription.suspended",
        "order.completed",
        "subscription.resumed",
    ]
    assert [data.get("status") for *_, data in result] == [None, "suspended", None, "active"]
    assert {path for _, _, path, _ in result} == {world.tenant.path}


def test_a_suspended_subscription_takes_orders(world: World) -> None:
    act(world, "suspend")
    assert order(world, 3).status_code == 201


@pytest.mark.parametrize("action", ["suspend", "resume", "terminate"])
@pytest.mark.parametrize("kind", ["distributor", "reseller", "tenant"])
def test_only_the_group(world: World, action: str, kind: str) -> None:
    by = getattr(world, kind)
    world.token(by)
    before = world.fingerprint()
    refused(world, act(world, action, by), 403, "forbidden", before)


def test_roles(world: World) -> None:
    id = world.subscription.id
    before = world.fingerprint()
    for action in (suspend, resume, terminate):
        with pytest.raises(Problem, match="Only the role"):
            action(world.actor(role=VIEWER), subscription_id=id)
    with pytest.raises(Problem, match="Only the role administrator can"):
        terminate(world.actor(role=AGENT), subscription_id=id)
    assert world.fingerprint() == before
    assert suspend(world.actor(role=AGENT), subscription_id=id).body["status"] == "suspended"
    assert resume(world.actor(role=AGENT), subscription_id=id).body["status"] == "active"
    assert terminate(world.actor(), subscription_id=id).body["status"] == "terminated"


def test_terminate_takes_everything(world: World) -> None:
    assert order(world, 5).status_code == 201
    assert order(world, 2).status_code == 201
    later = answer(order(world, 1, effective_at="2029-01-01T00:00:00Z"))
    assert balances(world) == [("be-geographic", 7, 0), ("user", 7, 0)]
    result = len(events(world))

    response = act(world, "terminate")
    assert (response.status_code, answer(response)["status"]) == (200, "terminated")
    assert balances(world) == [("be-geographic", 0, 0), ("user", 0, 0)]
    assert answer(world.call("GET", f"/orders/{later['id']}"))["state"] == "cancelled"
    [ending] = [
        item
        for item in answer(world.call("GET", f"/orders?subscription_id={world.subscription.id}"))[
            "items"
        ]
        if item["kind"] == "termination"
    ]
    assert ending["state"] == "completed"
    [line] = ending["lines"]
    assert (line["action"], line["quantity"]) == ("remove", 7)
    assert line["taken"] == [{"revision": 1, "quantity": 7}]
    assert {change["sku"]: change["granted_delta"] for change in ending["changes"]} == {
        "be-geographic": -7,
        "user": -7,
    }
    since = events(world)[result:]
    assert [type for type, *_ in since] == [
        "order.cancelled",
        "order.completed",
        "subscription.terminated",
    ]
    assert [verb for verb, *_ in audited(world)][-3:] == [
        "order.cancel",
        "subscription.terminate",
        "subscription.terminate",
    ]
    entries = answer(world.call("GET", f"/subscriptions/{world.subscription.id}/entries"))["items"]
    assert {entry["order_id"] for entry in entries[:2]} == {ending["id"]}

    again = act(world, "terminate")
    assert (again.status_code, again.content) == (200, response.content)
    assert len(events(world)) == result + 3


def test_terminated_is_final(world: World) -> None:
    act(world, "terminate")
    before = world.fingerprint()
    refused(world, act(world, "suspend"), 409, "subscription-terminated", before)
    refused(world, act(world, "resume"), 409, "subscription-terminated", before)
    refused(world, order(world, 1), 409, "subscription-terminated", before)
    renamed = world.call("PATCH", f"/subscriptions/{world.subscription.id}", {"name": "New"})
    refused(world, renamed, 409, "subscription-terminated", before)


def test_terminate_a_suspended_one_that_holds_nothing(world: World) -> None:
    act(world, "suspend")
    assert answer(act(world, "terminate"))["status"] == "terminated"
    assert [type for type, *_ in events(world)] == [
        "order.completed",
        "subscription.suspended",
        "order.completed",
        "subscription.terminated",
    ]


def test_terminate_with_many_products(world: World) -> None:
    products = [world.product(f"p{number}", {world.user_sku: number + 1}) for number in range(120)]
    for some in (products[:60], products[60:]):
        lines = [{"product_id": str(product.id), "quantity": 1} for product in some]
        body = {"subscription_id": str(world.subscription.id), "lines": lines}
        assert world.call("POST", "/orders", body).status_code == 201
    assert balances(world) == [("user", 7260, 0)]
    assert act(world, "terminate").status_code == 200
    assert balances(world) == [("user", 0, 0)]
