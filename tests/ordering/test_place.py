"""An order is atomic and netted; what it grants is there when it is answered."""

from uuid import UUID

from tests.ordering.placing import (
    balances,
    draft,
    events,
    holdings,
    line,
    place,
    placed,
    refused,
    retire,
    revise,
    seen,
    terminate,
)
from tests.world import World, answer, make_organization, make_subscription


def test_a_completed_order_grants_the_products_items(world: World) -> None:
    before = events(world, "order.")
    response = place(world, line(world.seat, 5), external_reference="bill-1")
    order = answer(response)
    assert response.status_code == 201
    assert response["Content-Type"] == "application/json"
    assert order["state"] == "completed"
    assert order["kind"] == "change"
    assert order["subscription_id"] == str(world.subscription.id)
    assert order["external_reference"] == "bill-1"
    assert order["effective_at"] is None
    assert order["failure"] is None
    assert order["completed_at"] >= order["placed_at"]
    assert order["number"] > 0
    assert order["lines"] == [
        {
            "product_id": str(world.seat.id),
            "product_code": "seat",
            "revision": 1,
            "action": "add",
            "quantity": 5,
            "taken": None,
            "quantity_before": None,
            "quantity_after": None,
            "short": None,
            "expected_quantity": None,
            "external_reference": None,
        }
    ]
    assert order["changes"] == [
        {"sku": "be-geographic", "granted_delta": 5},
        {"sku": "user", "granted_delta": 5},
    ]
    assert balances(world) == {"be-geographic": (5, 0), "user": (5, 0)}
    assert holdings(world) == {("seat", 1): 5}
    assert not before
    assert [(event["type"], event["subject"]) for event in events(world, "order.")] == [
        ("order.completed", order["id"])
    ]


def test_location_shows_the_order_as_it_was_answered(world: World) -> None:
    response = place(world)
    location = response["Location"]
    assert location == f"/api/v1/orders/{answer(response)['id']}"
    shown = world.call("GET", location.removeprefix("/api/v1"))
    assert shown.status_code == 200
    assert answer(shown) == answer(response)


def test_the_default_action_is_add(world: World) -> None:
    response = place(world, {"product_id": str(world.seat.id), "quantity": 2})
    assert answer(response)["lines"][0]["action"] == "add"
    assert holdings(world) == {("seat", 1): 2}


def test_lines_add_up_per_sku(world: World) -> None:
    bundle = world.product("bundle", {world.user_sku: 10, world.channel_sku: 3})
    order = placed(world, line(world.seat, 2), line(bundle, 4))
    assert order["changes"] == [  # sorted by SKU
        {"sku": "be-geographic", "granted_delta": 2},
        {"sku": "sip-channel", "granted_delta": 12},
        {"sku": "user", "granted_delta": 42},
    ]
    assert balances(world) == {
        "be-geographic": (2, 0),
        "sip-channel": (12, 0),
        "user": (42, 0),
    }


def test_a_subscription_has_balances_of_its_own(world: World) -> None:
    second = make_subscription(world.tenant, "Second")
    placed(world, line(world.seat, 3))
    assert balances(world, second) == {}
    answer(world.call("POST", "/orders", draft(world, line(world.seat, 1), subscription=second)))
    assert balances(world, second) == {"be-geographic": (1, 0), "user": (1, 0)}
    assert balances(world) == {"be-geographic": (3, 0), "user": (3, 0)}


def test_a_tenant_may_hang_under_any_level(world: World) -> None:
    for parent in (world.group, world.distributor, world.reseller):
        subscription = make_subscription(make_organization("tenant", parent))
        response = world.call("POST", "/orders", draft(world, subscription=subscription))
        assert response.status_code == 201
        assert balances(world, subscription) == {"be-geographic": (1, 0), "user": (1, 0)}


def test_order_numbers_are_unique_and_rise(world: World) -> None:
    numbers = [placed(world)["number"] for _ in range(5)]
    assert numbers == sorted(set(numbers))


def test_an_order_keeps_the_revision_it_was_placed_with(world: World) -> None:
    first = placed(world, line(world.seat, 2))
    revise(world.seat, {world.user_sku: 3})
    second = placed(world, line(world.seat, 2))
    assert first["lines"][0]["revision"] == 1
    assert second["lines"][0]["revision"] == 2
    assert seen(world, first) == first
    assert holdings(world) == {("seat", 1): 2, ("seat", 2): 2}
    assert balances(world) == {"be-geographic": (2, 0), "user": (2 + 6, 0)}


def test_the_product_edited_through_the_api_between_two_orders(world: World) -> None:
    first = placed(world)
    edited = world.call(
        "PATCH", f"/products/{world.seat.id}", {"items": [{"sku": "user", "quantity": 7}]}
    )
    assert edited.status_code == 200
    assert balances(world) == {"be-geographic": (1, 0), "user": (1, 0)}
    renamed = world.call("PATCH", f"/products/{world.seat.id}", {"name": "Another name"})
    assert answer(renamed)["revision"] == 2
    assert placed(world)["lines"][0]["revision"] == 2
    assert seen(world, first) == first
    assert balances(world) == {"be-geographic": (1, 0), "user": (8, 0)}


def test_one_refused_line_refuses_the_whole_order(world: World) -> None:
    other = world.product("other", {world.user_sku: 1})
    retired = world.product("old", {world.channel_sku: 1})
    retire(retired)
    problem = refused(world, 409, "product-retired", line(other), line(retired))
    assert "old" in problem["detail"]
    assert balances(world) == {}


def test_remove_a_add_b_works_when_it_fits_in_total(world: World) -> None:
    small = world.product("small", {world.user_sku: 2})
    large = world.product("large", {world.user_sku: 5})
    placed(world, line(small, 5))
    order = placed(world, line(small, 5, "remove"), line(large, 2))
    assert order["changes"] == []  # ten went, ten came
    assert balances(world) == {"user": (10, 0)}
    assert holdings(world) == {("large", 1): 2}


def test_a_suspended_subscription_takes_orders(world: World) -> None:
    world.subscription.status = "suspended"
    world.subscription.save(update_fields=["status"])
    assert placed(world)["state"] == "completed"


def test_a_terminated_subscription_takes_none(world: World) -> None:
    terminate(world)
    refused(world, 409, "subscription-terminated")


def test_a_balance_does_not_pass_its_ceiling(world: World) -> None:
    crate = world.product("crate", {world.user_sku: 1_000_000})
    placed(world, line(crate, 2_000))
    assert balances(world) == {"user": (2_000_000_000, 0)}
    problem = refused(world, 409, "conflict", line(world.seat, 3))
    assert problem["refusals"] == [
        {
            "code": "conflict",
            "detail": problem["refusals"][0]["detail"],
            "sku": "user",
            "granted": 2_000_000_000,
            "used": 0,
            "requested": 3,
            "missing": 3,
        }
    ]
    # It is the sum that counts: what is removed in the same order makes room.
    placed(world, line(crate, 1, "remove"), line(world.seat, 1_000_000))
    assert balances(world)["user"] == (2_000_000_000, 0)


def test_a_huge_order_is_a_refusal_and_no_overflow(world: World) -> None:
    crates = [world.product(f"crate-{index}", {world.user_sku: 1_000_000}) for index in range(100)]
    refused(world, 409, "conflict", *(line(crate, 1_000_000) for crate in crates))


def test_a_hundred_lines(world: World) -> None:
    products = [world.product(f"p-{index}", {world.user_sku: 1}) for index in range(100)]
    order = placed(world, *(line(product, 2) for product in products))
    assert [entry["product_id"] for entry in order["lines"]] == [
        str(UUID(str(product.id))) for product in products
    ]
    assert balances(world) == {"user": (200, 0)}
