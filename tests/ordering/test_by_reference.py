"""Orders that name their subscription by the reference that the caller set."""

from typing import Any

import pytest

from fusion.tenancy.models import Subscription
from tests.numbers.stock import refused
from tests.ordering.placing import draft, seen
from tests.world import World, answer, make_subscription


def refer(world: World, subscription: Subscription, reference: str, by: Any = None) -> None:
    """Set the reference of a subscription."""
    path = f"/subscriptions/{subscription.id}"
    response = world.call("PATCH", path, {"external_reference": reference}, by=by)
    assert response.status_code == 200, response.content


def named(world: World, reference: Any, **more: Any) -> dict[str, Any]:
    """The body of an order for the subscription with this reference."""
    body = draft(world, **more)
    del body["subscription_id"]
    return {**body, "subscription_external_reference": reference}


def test_an_order_previews_and_batches_by_reference(world: World) -> None:
    refer(world, world.subscription, "crm-1")
    order = answer(world.call("POST", "/orders", named(world, " crm-1 ")))
    assert order["subscription_id"] == str(world.subscription.id)
    assert seen(world, order) == order
    preview = world.call("POST", "/orders/preview", named(world, "crm-1"))
    assert answer(preview)["allowed"]
    body = {"orders": [named(world, "crm-1"), named(world, "crm-2")]}
    results = answer(world.call("POST", "/orders/batch", body))["results"]
    assert [result["status"] for result in results] == [201, 404]


def test_a_replay_by_reference(world: World) -> None:
    refer(world, world.subscription, "crm-1")
    headers = {"Idempotency-Key": "k"}
    first = world.call("POST", "/orders", named(world, "crm-1"), headers=headers)
    again = world.call("POST", "/orders", named(world, "crm-1"), headers=headers)
    assert (again.status_code, again.content) == (201, first.content)
    before = world.fingerprint()
    other = world.call("POST", "/orders", draft(world), headers=headers)
    refused(world, before, other, 422, "idempotency-key-reused")


def test_only_the_caller_s_own_references_count(world: World) -> None:
    refer(world, world.subscription, "theirs", by=world.tenant)
    before = world.fingerprint()
    for reference in ("theirs", "unknown"):
        for path in ("/orders", "/orders/preview"):
            response = world.call("POST", path, named(world, reference))
            refused(world, before, response, 404, "not-found")


def test_a_reference_that_was_free_again_means_the_living_one(world: World) -> None:
    refer(world, world.subscription, "crm-1")
    path = f"/subscriptions/{world.subscription.id}/terminate"
    assert world.call("POST", path).status_code == 200
    before = world.fingerprint()
    response = world.call("POST", "/orders", named(world, "crm-1"))
    refused(world, before, response, 409, "subscription-terminated")
    new = make_subscription(world.tenant, "New")
    refer(world, new, "crm-1")
    order = answer(world.call("POST", "/orders", named(world, "crm-1")))
    assert order["subscription_id"] == str(new.id)


@pytest.mark.parametrize("reference", ["", "x" * 101, "a\0b", 7, None])
def test_what_is_no_reference(world: World, reference: Any) -> None:
    before = world.fingerprint()
    for path in ("/orders", "/orders/preview"):
        response = world.call("POST", path, named(world, reference))
        refused(world, before, response, 422, "invalid-fields")


def test_a_subscription_is_named_once(world: World) -> None:
    refer(world, world.subscription, "crm-1")
    both = {**draft(world), "subscription_external_reference": "crm-1"}
    before = world.fingerprint()
    problem = refused(world, before, world.call("POST", "/orders", both), 422, "invalid-fields")
    assert problem["errors"][0]["field"] == "subscription_id"
