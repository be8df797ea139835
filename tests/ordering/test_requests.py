"""Order requests: who asks, who decides, once, and what comes of it."""

from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction

from fusion.catalogue.change_product import change_product
from fusion.cli.verify import all_checks, differences
from fusion.kernel.checks import run_checks
from fusion.kernel.errors import Problem
from fusion.lifecycle.terminate import terminate
from fusion.ordering.approve_request import approve_request
from fusion.ordering.withdraw_request import withdraw_request
from fusion.tenancy.models import Organization
from tests.concurrency.actors import at_once, rows
from tests.contract.stage import requested
from tests.owner import as_owner, switch_off_triggers
from tests.world import World, answer, make_organization, make_subscription


def ask(world: World, by: Organization | None = None, **more: Any) -> Any:
    """POST a request for two seats."""
    line = {"product_id": str(world.seat.id), "quantity": 2}
    body = {"subscription_id": str(world.subscription.id), "lines": [line], **more}
    return world.call("POST", "/order-requests", body, by=by or world.tenant)


def decide(
    world: World, id: str, action: str, body: Any = None, by: Organization | None = None
) -> Any:
    """POST a decision."""
    return world.call("POST", f"/order-requests/{id}/{action}", body, by=by or world.group)


def result(response: Any, status: int) -> Any:
    """The body of an answer of that status."""
    assert response.status_code == status, response.content
    return answer(response)


def granted(world: World) -> dict[str, int]:
    """What the subscription has, by SKU."""
    path = f"/subscriptions/{world.subscription.id}/balances"
    return {item["sku"]: item["granted"] for item in answer(world.call("GET", path))["items"]}


def events(world: World) -> list[str]:
    """The types of events about requests, oldest first."""
    found = rows(
        "SELECT type FROM events_event WHERE group_id = %s AND type LIKE 'order-request.%%'"
        " ORDER BY epoch, xid, id",
        [world.group.id],
    )
    return [type for (type,) in found]


def test_an_approved_request_becomes_an_order(world: World) -> None:
    made = result(ask(world, note="for the new shop"), 201)
    assert (made["state"], made["organization_id"]) == ("open", str(world.tenant.id))
    line = {
        "product_id": str(world.seat.id),
        "product_code": "seat",
        "action": "add",
        "quantity": 2,
    }
    assert (made["lines"], made["note"]) == ([line], "for the new shop")
    assert granted(world) == {}
    done = result(decide(world, made["id"], "approve"), 200)
    assert (done["state"], done["reason"]) == ("approved", None)
    assert done["decided_at"] > done["requested_at"]
    order = result(world.call("GET", f"/orders/{done['order_id']}"), 200)
    assert (order["number"], order["state"]) == (done["order_number"], "completed")
    assert granted(world) == {"user": 2, "be-geographic": 2}
    shown = result(world.call("GET", f"/order-requests/{made['id']}", by=world.tenant), 200)
    assert shown == {**done, "decided_by": "group"}
    assert events(world) == ["order-request.created", "order-request.approved"]


def test_approved_with_other_lines(world: World) -> None:
    id = result(ask(world), 201)["id"]
    lines = [{"product_id": str(world.seat.id), "quantity": 1}]
    done = result(decide(world, id, "approve", {"lines": lines}), 200)
    assert done["lines"][0]["quantity"] == 2  # what was asked for stands
    assert granted(world)["user"] == 1


def test_an_approval_that_cannot_be_ordered_changes_nothing(world: World) -> None:
    line = {"product_id": str(world.seat.id), "quantity": 1, "action": "remove"}
    id = result(ask(world, lines=[line]), 201)["id"]
    before = world.fingerprint()
    problem = result(decide(world, id, "approve"), 409)
    assert problem["code"] == "not-held"
    assert world.fingerprint() == before
    result(decide(world, id, "reject", {"reason": "You have none."}), 200)


def test_rejected_with_a_reason(world: World) -> None:
    id = result(ask(world), 201)["id"]
    before = world.fingerprint()
    assert result(decide(world, id, "reject", {"reason": " "}), 422)["code"] == "invalid-fields"
    assert result(decide(world, id, "reject"), 422)["code"] == "invalid-fields"
    assert world.fingerprint() == before
    done = result(decide(world, id, "reject", {"reason": "No credit."}), 200)
    assert (done["state"], done["reason"], done["order_id"]) == ("rejected", "No credit.", None)


@pytest.mark.parametrize("first", ["approve", "reject", "withdraw"])
@pytest.mark.parametrize("second", ["approve", "reject", "withdraw"])
def test_decided_once(world: World, first: str, second: str) -> None:
    bodies = {"reject": {"reason": "No."}}
    id = result(ask(world), 201)["id"]
    result(decide(world, id, first, bodies.get(first)), 200)
    before = world.fingerprint()
    problem = result(decide(world, id, second, bodies.get(second)), 409)
    assert problem["code"] == "conflict"
    assert "Only an open request can be decided" in problem["detail"]
    assert world.fingerprint() == before


def test_withdrawn_by_the_asker_or_above_and_not_below(world: World) -> None:
    id = requested(world, world.subscription, by=world.reseller)
    before = world.fingerprint()
    assert result(decide(world, id, "withdraw", by=world.tenant), 403)["code"] == "forbidden"
    assert world.fingerprint() == before
    assert result(decide(world, id, "withdraw", by=world.distributor), 200)["state"] == "withdrawn"


def test_invalid_requests_are_refused(world: World) -> None:
    line = {"product_id": str(world.seat.id), "quantity": 1}
    actor = world.actor()
    fax = world.product("fax", {world.user_sku: 1})
    change_product(actor, product_id=fax.id, changes={"status": "retired"})
    retired = {"product_id": str(fax.id), "quantity": 1}
    before = world.fingerprint()
    assert result(ask(world, lines=[line, line]), 422)["code"] == "duplicate-line"
    assert result(ask(world, lines=[retired], by=world.group), 409)["code"] == "product-retired"
    assert result(ask(world, lines=[retired]), 404)["code"] == "not-found"
    assert result(ask(world, lines=[]), 422)["code"] == "invalid-fields"
    assert result(ask(world, note="x" * 2001), 422)["code"] == "invalid-fields"
    assert world.fingerprint() == before


def test_lists(world: World) -> None:
    aside = make_subscription(make_organization("tenant", world.distributor))
    mine = [requested(world, world.subscription, by=world.tenant) for _ in range(3)]
    other = requested(world, aside, by=world.distributor)
    result(decide(world, mine[0], "reject", {"reason": "No."}), 200)

    def seen(query: str = "", by: Organization | None = None) -> list[str]:
        body = result(world.call("GET", f"/order-requests{query}", by=by), 200)
        return [item["id"] for item in body["items"]]

    assert seen() == [other, *reversed(mine)]
    assert seen(by=world.tenant) == list(reversed(mine))
    assert seen("?state=open", by=world.reseller) == [mine[2], mine[1]]
    assert seen(f"?subscription_id={aside.id}") == [other]
    assert seen(f"?organization_id={world.reseller.id}") == list(reversed(mine))
    page = result(world.call("GET", "/order-requests?limit=3"), 200)
    rest = result(world.call("GET", f"/order-requests?limit=3&cursor={page['next']}"), 200)
    assert [item["id"] for item in page["items"] + rest["items"]] == seen()
    assert rest["next"] is None


def test_termination_rejects_open_requests(world: World) -> None:
    open_one, done = (requested(world, world.subscription, by=world.tenant) for _ in range(2))
    result(decide(world, done, "approve"), 200)
    terminate(world.actor(), subscription_id=world.subscription.id)
    closed = result(world.call("GET", f"/order-requests/{open_one}"), 200)
    assert (closed["state"], closed["reason"]) == ("rejected", "The subscription was terminated.")
    assert result(world.call("GET", f"/order-requests/{done}"), 200)["state"] == "approved"
    before = world.fingerprint()
    assert result(ask(world), 409)["code"] == "subscription-terminated"
    assert world.fingerprint() == before
    assert differences() == []


def _done(action: Any) -> str:
    try:
        action()
    except Problem as problem:
        return problem.code
    return "done"


def test_decided_by_many_at_once(world: World) -> None:
    for _ in range(4):
        id = requested(world, world.subscription, by=world.tenant)
        before = granted(world).get("user", 0)

        def approve(id: str = id) -> str:
            return _done(lambda: approve_request(world.actor(), request_id=UUID(id)))

        def withdraw(id: str = id) -> str:
            return _done(lambda: withdraw_request(world.actor(), request_id=UUID(id)))

        outcomes = at_once(approve, withdraw, approve, withdraw)
        assert sorted(outcomes) == ["conflict"] * 3 + ["done"]
        state = result(world.call("GET", f"/order-requests/{id}"), 200)["state"]
        assert granted(world).get("user", 0) == before + (state == "approved")


def test_approving_against_terminating(world: World) -> None:
    id = requested(world, world.subscription, by=world.tenant)
    outcomes = at_once(
        lambda: _done(lambda: approve_request(world.actor(), request_id=UUID(id))),
        lambda: _done(lambda: terminate(world.actor(), subscription_id=world.subscription.id)),
    )
    assert outcomes[1] == "done"
    assert outcomes[0] in ("done", "conflict")
    assert differences() == []


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        ("UPDATE ordering_orderrequest SET order_id = gen_random_uuid()", "without its order"),
        ("UPDATE ordering_orderrequest SET tenant_id = gen_random_uuid()", "other organizations"),
    ],
)
def test_verify_finds_damage(world: World, damage: str, found: str) -> None:
    id = requested(world, world.subscription, by=world.tenant)
    result(decide(world, id, "approve"), 200)
    with (
        as_owner(),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        switch_off_triggers("ordering_orderrequest")
        cursor.execute(f"{damage} WHERE group_id = %s", [world.group.id])
        lines = list(run_checks(all_checks()))
        transaction.set_rollback(True)
    assert any(found in line for line in lines), lines
