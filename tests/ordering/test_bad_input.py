"""What is not an order is refused precisely, and has changed nothing."""

from typing import Any

import orjson
import pytest

from fusion.kernel.ids import new_id
from tests.contract.refusing import fields, is_problem, order_text, raw
from tests.ordering.placing import consume, draft, line, placed, refused, retire, terminate
from tests.world import World, answer

HUGE = "1" + "0" * 400


# --- quantities


@pytest.mark.parametrize(
    "quantity",
    [
        *("0", "-1", "1000001", str(2**31), str(2**63), str(2**64), HUGE),
        *("true", "false", "null", "1.5", "1.0", "1e2", "[]", "{}", '"5"', '""'),
    ],
    ids=lambda quantity: quantity[:20],
)
def test_quantities_that_are_none(world: World, quantity: str) -> None:
    for path in ("/orders", "/orders/preview"):
        response = raw(world, order_text(world, quantity), path)
        if response.status_code == 400:  # a number that no reader of JSON takes
            assert quantity == HUGE
            is_problem(response, 400, "invalid-json")
        else:
            assert fields(response) == ["lines.0.quantity"]


def test_the_largest_quantity_is_one(world: World) -> None:
    placed(world, line(world.seat, 1_000_000))


@pytest.mark.parametrize("spelling", ["NaN", "Infinity", "-Infinity", "01", "+1", "0x10", "1_000"])
def test_invalid_json_numbers_are_refused(world: World, spelling: str) -> None:
    is_problem(raw(world, order_text(world, spelling)), 400, "invalid-json")


# --- lines


def test_no_lines_and_too_many(world: World) -> None:
    products = [world.product(f"p{index}", {world.user_sku: 1}) for index in range(101)]
    body = draft(world, *(line(product) for product in products))
    assert fields(raw(world, orjson.dumps(body))) == ["lines"]
    assert fields(raw(world, orjson.dumps({**body, "lines": []}))) == ["lines"]


def test_duplicate_lines(world: World) -> None:
    twice = [
        *(("add", "add"), ("remove", "remove"), ("set", "set"), ("add", "set"), ("set", "remove")),
        ("add", "remove", "add"),
    ]
    for actions in twice:
        lines = [line(world.seat, 1, action) for action in actions]
        problem = refused(world, 422, "duplicate-line", *lines)
        assert str(world.seat.id) in problem["detail"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (None, "lines.1"),
        (5, "lines.1"),
        ("x", "lines.1"),
        ([], "lines.1"),
        ({"quantity": 1}, "lines.1.product_id"),
        ({"product_id": "x", "quantity": 1}, "lines.1.product_id"),
        ({"product_id": 5, "quantity": 1}, "lines.1.product_id"),
        ({"product_id": None, "quantity": 1}, "lines.1.product_id"),
        ({"product_id": "0" * 32, "quantity": 1}, "lines.1.product_id"),
    ],
    ids=repr,
)
def test_malformed_lines(world: World, wrong: Any, field: str) -> None:
    body = {**draft(world), "lines": [line(world.seat), wrong]}
    assert fields(raw(world, orjson.dumps(body))) == [field]


@pytest.mark.parametrize("action", ["Add", "ADD", "", "delete", None, True, 1, ["add"]], ids=repr)
def test_malformed_actions(world: World, action: Any) -> None:
    body = draft(world, {**line(world.seat), "action": action})
    assert fields(raw(world, orjson.dumps(body))) == ["lines.0.action"]


def test_every_wrong_field_is_named(world: World) -> None:
    body = {
        "subscription_id": str(world.subscription.id),
        "effective_at": "tomorrow",
        "external_reference": "",
        "remark": "x",
        "lines": [{"product_id": str(world.seat.id), "quantity": 0, "price": 5}],
    }
    assert sorted(fields(raw(world, orjson.dumps(body)))) == [
        "effective_at",
        "external_reference",
        "lines.0.price",
        "lines.0.quantity",
        "remark",
    ]


@pytest.mark.parametrize("body", ["null", "5", '"x"', "[]", "true", "[[]]"])
def test_bodies_other_than_objects_are_refused(world: World, body: str) -> None:
    assert fields(raw(world, body)) == ["body"]


def test_missing_fields(world: World) -> None:
    assert sorted(fields(raw(world, "{}"))) == ["lines", "subscription_id"]


# --- what is not there, or not visible


def test_unknown_subscription(world: World) -> None:
    foreign = World()
    before = foreign.fingerprint()
    for id in (new_id(), foreign.subscription.id, world.tenant.id, world.seat.id):
        refused(world, 404, "not-found", **{"subscription_id": str(id)})
    assert foreign.fingerprint() == before


def test_unknown_product_and_another_group_s(world: World) -> None:
    foreign = World()
    before = foreign.fingerprint()
    unknown = {"product_id": str(new_id()), "quantity": 1}
    one = refused(world, 404, "not-found", line(world.seat), unknown)
    two = refused(world, 404, "not-found", line(world.seat), line(foreign.seat))
    assert one["detail"].startswith("The product in lines.1 does not exist")
    assert one["detail"] == two["detail"]  # nothing tells that the other one exists
    assert foreign.fingerprint() == before


def test_retired_product(world: World) -> None:
    retire(world.seat)
    assert "seat" in refused(world, 409, "product-retired")["detail"]


def test_not_held_and_below_use(world: World) -> None:
    refused(world, 409, "not-held", line(world.seat, 1, "remove"))
    placed(world, line(world.seat, 3))
    consume(world, world.user_sku, "a", "b")
    problem = refused(world, 409, "below-use", line(world.seat, 2, "remove"))
    (refusal,) = problem["refusals"]
    assert (refusal["granted"], refusal["used"]) == (3, 2)
    assert (refusal["requested"], refusal["missing"]) == (2, 1)


# --- the order of checks: 401, 403 scope, 404, 403 role, 422, 409


def test_unknown_before_malformed_before_impossible(world: World) -> None:
    unknown = {"product_id": str(new_id()), "quantity": 1}
    zero = line(world.seat, 0)
    refused(world, 404, "not-found", unknown, zero)
    refused(world, 404, "not-found", zero, subscription_id=str(new_id()))
    refused(world, 404, "not-found", unknown, effective_at="2001-01-01T00:00:00Z")
    refused(world, 404, "not-found", unknown, unknown)
    refused(world, 422, "invalid-fields", line(world.seat, 9, "remove"), effective_at="x")

    reference = "taken"
    placed(world, external_reference=reference)
    refused(world, 404, "not-found", unknown, external_reference=reference)
    refused(world, 422, "invalid-fields", effective_at="2001-01-01T00:00:00Z")
    retire(world.seat)
    refused(world, 422, "invalid-fields", zero)
    refused(world, 409, "product-retired", effective_at="2001-01-01T00:00:00Z")  # the date is last
    refused(world, 404, "not-found", line(world.seat), unknown)
    terminate(world)
    refused(world, 404, "not-found", unknown)
    refused(world, 422, "invalid-fields", zero)
    refused(world, 409, "subscription-terminated")


def test_role_before_fields(world: World) -> None:
    before = world.fingerprint()
    for organization in (world.distributor, world.reseller, world.tenant):
        bodies: list[Any] = [draft(world), draft(world, line(world.seat, 0)), {}, []]
        for body in bodies:
            response = world.call("POST", "/orders", body, by=organization)
            is_problem(response, 403, "forbidden")
        unseen = draft(world, {"product_id": str(new_id()), "quantity": 0})
        is_problem(world.call("POST", "/orders", unseen, by=organization), 404, "not-found")
    assert world.fingerprint() == before


def test_the_token_before_everything(world: World) -> None:
    response = raw(world, "{", "/orders", Authorization="Bearer nonsense")
    is_problem(response, 401, "unauthenticated")
    assert response["WWW-Authenticate"].startswith("Bearer")


# --- instants


@pytest.mark.parametrize(
    "instant",
    [
        "2020-01-01T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+23:59",
        "0000-01-01T00:00:00Z",
        "2030-01-01T00:00:00",
        "2030-01-01",
        "2030-13-01T00:00:00Z",
        "2030-02-30T00:00:00Z",
        "2030-01-01T25:00:00Z",
        "2030-01-01T00:00:60Z",
        "2030-01-01T00:00:00+24:00",
        "2030-01-01T00:00:00+99:99",
        "2030-01-01T00:00:00+1",
        "9999-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59.999999-23:59",
        "9999-12-31T23:59:59+23:59",
        "10000-01-01T00:00:00Z",
        "-2030-01-01T00:00:00Z",
        "2030-W01-1T00:00:00Z",
        "20300101T000000Z",
        "２030-01-01T00:00:00Z",
        "2030-01-01T00:00:00Z\0",
        "now",
        "infinity",
        "",
        " ",
        1893456000,
        1.5,
        True,
        [],
        {},
    ],
    ids=repr,
)
def test_instants_that_are_none(world: World, instant: Any) -> None:
    for path in ("/orders", "/orders/preview"):
        body = draft(world, effective_at=instant)
        assert fields(raw(world, orjson.dumps(body), path)) == ["effective_at"]


def test_instants_of_the_past_and_far_ahead_in_a_batch(world: World) -> None:
    before = world.fingerprint()
    instants = ["2020-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"]
    orders = [draft(world, effective_at=instant) for instant in instants]
    response = world.call("POST", "/orders/batch", {"orders": orders})
    for result in answer(response)["results"]:
        assert result["status"] == 422
        assert [error["field"] for error in result["problem"]["errors"]] == ["effective_at"]
    assert world.fingerprint() == before
