"""A batch: each order atomic, in array order, as if those before it had been applied."""

from typing import Any

import pytest

from tests.ordering.placing import balances, consume, draft, events, line, place, placed, retire
from tests.world import World, answer, make_subscription


def batch(
    world: World, *orders: Any, key: str | None = None, by: Any = None
) -> list[dict[str, Any]]:
    """The results of a batch."""
    headers = {} if key is None else {"Idempotency-Key": key}
    response = world.call("POST", "/orders/batch", {"orders": list(orders)}, headers=headers)
    assert response.status_code == 200, response.content
    results: list[dict[str, Any]] = answer(response)["results"]
    assert len(results) == len(orders)
    return results


def statuses(results: list[dict[str, Any]]) -> list[int]:
    """The status of each result, which carries an order or a problem and not both."""
    for result in results:
        assert ("order" in result) is (result["status"] == 201)
        assert ("problem" in result) is (result["status"] != 201)
        if "problem" in result:
            assert result["problem"]["status"] == result["status"]
    return [result["status"] for result in results]


def test_orders_are_judged_in_array_order(world: World) -> None:
    results = batch(
        world,
        draft(world, line(world.seat, 2, "remove")),
        draft(world, line(world.seat, 3)),
        draft(world, line(world.seat, 2, "remove")),
        draft(world, line(world.seat, 2, "remove")),
        draft(world, line(world.seat, 1, "remove")),
    )
    assert statuses(results) == [409, 201, 201, 409, 201]
    assert results[0]["problem"]["code"] == "not-held"
    assert results[3]["problem"]["holdings"][0]["held"] == 1
    assert balances(world) == {"be-geographic": (0, 0), "user": (0, 0)}
    numbers = [result["order"]["number"] for result in results if "order" in result]
    assert numbers == sorted(numbers)


def test_earlier_orders_free_units_for_later_ones(world: World) -> None:
    placed(world, line(world.seat, 2))
    consume(world, world.user_sku, "a", "b")
    users = world.product("users", {world.user_sku: 1})
    results = batch(
        world,
        draft(world, line(world.seat, 2, "remove")),
        draft(world, line(users, 2)),
        draft(world, line(world.seat, 2, "remove")),
    )
    assert statuses(results) == [409, 201, 201]
    refusal = results[0]["problem"]["refusals"][0]
    assert (refusal["sku"], refusal["granted"], refusal["used"]) == ("user", 2, 2)
    assert balances(world) == {"be-geographic": (0, 0), "user": (2, 2)}


def test_each_order_of_a_batch_is_atomic(world: World) -> None:
    old = world.product("old", {world.channel_sku: 1})
    retire(old)
    results = batch(world, draft(world, line(world.seat, 5), line(old)), draft(world))
    assert statuses(results) == [409, 201]
    assert balances(world) == {"be-geographic": (1, 0), "user": (1, 0)}


def test_several_subscriptions(world: World) -> None:
    others = [make_subscription(world.tenant, f"S{index}") for index in range(5)]
    results = batch(world, *(draft(world, subscription=other) for other in others))
    assert [result["order"]["subscription_id"] for result in results] == [
        str(other.id) for other in others
    ]
    assert all(balances(world, other)["user"] == (1, 0) for other in others)


def test_a_result_equals_the_order_document(world: World) -> None:
    (result,) = batch(world, draft(world, external_reference="r"))
    shown = answer(world.call("GET", f"/orders/{result['order']['id']}"))
    assert result == {"status": 201, "order": shown}
    assert [event["type"] for event in events(world, "order.")] == ["order.completed"]


def test_the_same_key_twice_in_one_batch(world: World) -> None:
    keyed = draft(world, idempotency_key="k")
    other = draft(world, line(world.seat, 9), idempotency_key="k")
    results = batch(world, keyed, other, keyed)
    assert statuses(results) == [201, 422, 201]
    assert results[1]["problem"]["code"] == "idempotency-key-reused"
    assert results[2] == {**results[0], "replayed": True}
    assert balances(world)["user"] == (1, 0)


def test_keys_are_shared_with_single_orders(world: World) -> None:
    single = answer(place(world, key="a"))
    (result,) = batch(world, draft(world, idempotency_key="a"))
    assert result == {"status": 201, "order": single, "replayed": True}

    (result,) = batch(world, draft(world, line(world.seat, 3), idempotency_key="b"))
    again = place(world, line(world.seat, 3), key="b")
    assert again.status_code == 201
    assert again["Idempotency-Replayed"] == "true"
    assert answer(again) == result["order"]
    assert balances(world)["user"] == (4, 0)


def test_a_repeated_batch_grants_nothing_again(world: World) -> None:
    orders = [draft(world, line(world.seat, n), idempotency_key=f"k{n}") for n in (1, 2, 3)]
    first = batch(world, *orders)
    before = world.fingerprint()
    second = batch(world, *orders)
    assert second == [{**result, "replayed": True} for result in first]
    assert world.fingerprint() == before


def test_a_refused_order_burns_no_key(world: World) -> None:
    remove = draft(world, line(world.seat, 1, "remove"), idempotency_key="k")
    assert statuses(batch(world, remove)) == [409]
    placed(world)
    assert statuses(batch(world, remove)) == [201]


def test_one_key_for_the_whole_batch(world: World) -> None:
    orders = [draft(world, line(world.seat, 1)), draft(world, line(world.seat, 9, "remove"))]
    first = world.call(
        "POST", "/orders/batch", {"orders": orders}, headers={"Idempotency-Key": "whole"}
    )
    before = world.fingerprint()
    second = world.call(
        "POST", "/orders/batch", {"orders": orders}, headers={"Idempotency-Key": "whole"}
    )
    assert statuses(answer(first)["results"]) == [201, 409]
    assert "Idempotency-Replayed" not in first
    assert second["Idempotency-Replayed"] == "true"
    assert second.content == first.content
    other = world.call(
        "POST", "/orders/batch", {"orders": orders[:1]}, headers={"Idempotency-Key": "whole"}
    )
    assert (other.status_code, answer(other)["code"]) == (422, "idempotency-key-reused")
    assert world.fingerprint() == before


def test_the_batch_key_is_refused_as_an_item_key(world: World) -> None:
    results = batch(world, draft(world, idempotency_key="same"), draft(world), key="same")
    assert statuses(results) == [422, 201]
    assert results[0]["problem"]["code"] == "idempotency-key-reused"
    assert balances(world)["user"] == (1, 0)


def test_an_external_reference_twice_in_one_batch(world: World) -> None:
    results = batch(
        world,
        draft(world, line(world.seat, 1, "remove"), external_reference="x"),
        draft(world, external_reference="x"),
        draft(world, external_reference="x"),
    )
    assert statuses(results) == [409, 201, 409]
    assert [results[index]["problem"]["code"] for index in (0, 2)] == [
        "not-held",
        "external-reference-taken",
    ]


def test_a_taken_reference_and_whether_the_request_is_the_same(world: World) -> None:
    placed(world)
    placed(world, external_reference="x")
    results = batch(
        world,
        draft(world),
        draft(world, external_reference="x"),
        draft(world, line(world.seat, 2), external_reference="x"),
    )
    assert statuses(results) == [201, 409, 409]
    assert [result["problem"]["same_request"] for result in results[1:]] == [True, False]


MALFORMED: list[Any] = [
    None,
    5,
    "order",
    [],
    {},
    {"subscription_id": "nonsense", "lines": []},
    {"lines": "x"},
]


@pytest.mark.parametrize("wrong", MALFORMED, ids=repr)
def test_a_malformed_order_is_its_own_422(world: World, wrong: Any) -> None:
    results = batch(world, draft(world), wrong, draft(world))
    assert statuses(results) == [201, 422, 201]
    assert results[1]["problem"]["code"] == "invalid-fields"
    assert results[1]["problem"]["errors"]
    assert balances(world)["user"] == (2, 0)


def wrong_field(world: World, **more: Any) -> str:
    """The one field that a malformed order of a batch is refused for."""
    before = world.fingerprint()
    (result,) = batch(world, {**draft(world), **more})
    assert result["status"] == 422
    assert world.fingerprint() == before
    (error,) = result["problem"]["errors"]
    field: str = error["field"]
    return field


def test_the_field_of_a_malformed_order(world: World) -> None:
    product = str(world.seat.id)
    for quantity in (0, -1, 2**31, 2**63, True, "5", 1.5, None):
        lines = [{"product_id": product, "quantity": quantity}]
        assert wrong_field(world, lines=lines) == "lines.0.quantity"
    assert wrong_field(world, effective_at="2020-01-01T00:00:00Z") == "effective_at"
    assert wrong_field(world, effective_at="9999-12-31T23:59:59-23:59") == "effective_at"
    assert wrong_field(world, unknown=1) == "unknown"
    assert wrong_field(world, external_reference="a\0b") == "external_reference"
    for key in ("", "x" * 256, "a\nb", "é", "a\0b", 5):
        assert wrong_field(world, idempotency_key=key) == "idempotency_key"


def test_a_duplicate_line_is_its_own_order_s_fault(world: World) -> None:
    results = batch(world, draft(world, line(world.seat), line(world.seat)), draft(world))
    assert statuses(results) == [422, 201]
    assert results[0]["problem"]["code"] == "duplicate-line"


def test_unknown_things_are_404_each(world: World) -> None:
    foreign = World()
    before = foreign.fingerprint()
    results = batch(
        world,
        draft(world, subscription=foreign.subscription),
        draft(world, line(foreign.seat)),
        draft(world),
    )
    assert statuses(results) == [404, 404, 201]
    assert foreign.fingerprint() == before


def test_a_batch_with_unknown_fields_or_none(world: World) -> None:
    before = world.fingerprint()
    bodies: list[Any] = [{}, {"orders": None}, {"orders": {}}, {"orders": [], "x": 1}]
    for body in [*bodies, [], None, "x", 5]:
        response = world.call("POST", "/orders/batch", body)
        assert response.status_code in (400, 422), (body, response.content)
    assert world.fingerprint() == before


def test_at_most_a_thousand_orders(world: World) -> None:
    order = draft(world)
    assert statuses(batch(world, *[order] * 1_000)) == [201] * 1_000
    assert balances(world)["user"] == (1_000, 0)
    before = world.fingerprint()
    for count in (0, 1_001):
        response = world.call("POST", "/orders/batch", {"orders": [order] * count})
        assert response.status_code == 422
        assert answer(response)["errors"][0]["field"] == "orders"
    assert world.fingerprint() == before
