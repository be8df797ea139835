"""The preview of a batch says of each order what the batch would do with it, and does nothing."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.lifecycle.dating import at
from tests.ordering.placing import consume, draft, line, placed
from tests.world import World, answer, make_subscription


def previewed(world: World, *orders: Any, by: Any = None) -> list[dict[str, Any]]:
    """The results of a preview, which has changed nothing."""
    before = world.fingerprint()
    response = world.call("POST", "/orders/batch/preview", {"orders": list(orders)}, by=by)
    assert response.status_code == 200, response.content
    assert world.fingerprint() == before
    results: list[dict[str, Any]] = answer(response)["results"]
    assert len(results) == len(orders)
    return results


def allowed(results: list[dict[str, Any]]) -> list[Any]:
    """Whether each is allowed, or the code of its problem."""
    return [
        each["preview"]["allowed"] if "preview" in each else each["problem"]["code"]
        for each in results
    ]


def test_each_order_is_judged_after_those_before_it(world: World) -> None:
    orders = [
        draft(world, line(world.seat, 2, "remove")),
        draft(world, line(world.seat, 3)),
        draft(world, line(world.seat, 2, "remove")),
        draft(world, line(world.seat, 2, "remove")),
        draft(world, line(world.seat, 1, "remove")),
    ]
    results = previewed(world, *orders)
    assert allowed(results) == [False, True, True, False, True]
    assert results[0]["preview"]["refusals"][0]["code"] == "not-held"
    held = [each["preview"]["holdings"][0] for each in results]
    assert [(each["held_before"], each["held_after"]) for each in held] == [
        (0, None), (0, 3), (3, 1), (1, None), (1, 0)
    ]  # fmt: skip
    assert {each["preview"]["when_due"] for each in results} == {None}
    one = answer(world.call("POST", "/orders/preview", orders[0]))
    assert results[0] == {"status": 200, "preview": one}


def test_a_malformed_order_has_its_own_problem(world: World) -> None:
    other = World()
    foreign = draft(world, subscription=other.subscription)
    results = previewed(
        world,
        "order",
        {**draft(world), "surely": 1},
        draft(world, line(world.seat, 2), line(world.seat, 3)),
        foreign,
        {**draft(world), "idempotency_key": ""},
        draft(world),
    )
    codes = ["invalid-fields", "invalid-fields", "duplicate-line", "not-found", "invalid-fields"]
    assert allowed(results) == [*codes, True]
    assert [each["status"] for each in results] == [422, 422, 422, 404, 422, 200]


def test_the_body_is_strict(world: World) -> None:
    bodies: tuple[dict[str, Any], ...] = (
        {},
        {"orders": []},
        {"orders": [{}], "dry_run": True},
        {"orders": [1] * 1001},
    )
    for body in bodies:
        response = world.call("POST", "/orders/batch/preview", body)
        assert response.status_code == 422, body


def test_a_reference_that_occurs_twice_is_taken(world: World) -> None:
    orders = [
        draft(world, line(world.seat, 9, "remove"), external_reference="A"),  # refused
        draft(world, external_reference="A"),
        draft(world, external_reference="A"),
        draft(world, external_reference="A", effective_at=at(5)),
        draft(world, external_reference="B", effective_at=at(5)),
        draft(world, external_reference="B"),
    ]
    results = previewed(world, *orders)
    assert allowed(results) == [False, True, False, False, True, False]
    [refusal] = results[2]["preview"]["refusals"]
    assert refusal["code"] == "external-reference-taken"
    assert results[3]["preview"]["when_due"] is None
    placed_results = answer(world.call("POST", "/orders/batch", {"orders": orders}))["results"]
    assert [each["status"] for each in placed_results] == [409, 201, 409, 409, 201, 409]
    results = previewed(world, orders[1])
    assert results[0]["preview"]["refusals"][0]["existing"]["kind"] == "order"


def test_keys_are_ignored(world: World) -> None:
    order = {**draft(world), "idempotency_key": "one"}
    world.call("POST", "/orders/batch", {"orders": [order]})
    assert allowed(previewed(world, order, order)) == [True, True]


def test_orders_with_dates_are_judged_by_date(world: World) -> None:
    stored = placed(world, line(world.seat, 2), effective_at=at(2))
    results = previewed(
        world,
        draft(world, line(world.seat, 4, "remove"), effective_at=at(5)),
        draft(world, line(world.seat, 1)),
        draft(world, line(world.seat, 3), effective_at=at(3), ends_at=at(4)),
        draft(world, line(world.seat, 1), subscription=make_subscription(world.tenant, "Other")),
    )
    assert allowed(results) == [False, True, True, True]
    first = results[0]["preview"]["when_due"]
    assert first["allowed"] is False
    assert first["holdings"][0]["held_before"] == 3
    assert [(each["number"], each["index"], each["kind"]) for each in first["counted"]] == [
        (stored["number"], None, "change"), (None, 2, "change"), (None, 2, "expiry")
    ]  # fmt: skip
    third = results[2]["preview"]["when_due"]
    assert (third["allowed"], third["holdings"][0]["held_after"]) == (True, 6)
    assert third["counted_orders"] == 1
    # The first cannot be done on its date: what is held in the end is unknown.
    after = [
        [each.get("granted_after_pending", "nothing") for each in result["preview"]["balances"]]
        for result in results
    ]
    assert after == [[], [None, None], [None, None], ["nothing", "nothing"]]
    results = previewed(
        world,
        draft(world, line(world.seat, 1)),
        draft(world, line(world.seat, 3), effective_at=at(3), ends_at=at(4)),
    )
    after = [
        [each["granted_after_pending"] for each in result["preview"]["balances"]]
        for result in results
    ]
    assert after == [[3, 3], [3, 3]]


def test_from_an_order_of_the_batch_on_it_is_unknown(world: World) -> None:
    results = previewed(
        world,
        draft(world, line(world.seat, 1, "remove"), effective_at=at(2)),
        draft(world, line(world.seat, 1), effective_at=at(3)),
    )
    due = results[1]["preview"]["when_due"]
    assert (due["allowed"], due["unknown_from"]["index"]) == (None, 0)
    assert due["unknown_from"]["refusal"]["code"] == "not-held"


@pytest.mark.parametrize("kind", ["distributor", "reseller", "tenant"])
def test_below_the_group_it_is_forbidden(world: World, kind: str) -> None:
    body = {"orders": [draft(world)]}
    response = world.call("POST", "/orders/batch/preview", body, by=getattr(world, kind))
    assert (response.status_code, answer(response)["code"]) == (403, "forbidden")


ORDERS = st.lists(
    st.tuples(
        st.integers(0, 1), st.sampled_from(["add", "remove", "set"]), st.integers(1, 5),
        st.none() | st.integers(1, 3), st.none() | st.sampled_from(["R", "S"]),
    ),
    min_size=1,
    max_size=9,
)  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(orders=ORDERS, used=st.integers(0, 3))
def test_the_batch_does_what_its_preview_says(
    orders: list[tuple[int, str, int, int | None, str | None]], used: int
) -> None:
    world = World()
    others = [world.subscription, make_subscription(world.tenant, "Other")]
    placed(world, line(world.seat, 4))
    consume(world, world.user_sku, *(f"u{index}" for index in range(used)))
    bodies = [
        draft(
            world,
            line(world.seat, quantity, action),
            subscription=others[which],
            **({} if hours is None else {"effective_at": at(hours)}),
            **({} if reference is None else {"external_reference": reference}),
        )
        for which, action, quantity, hours, reference in orders
    ]
    results = previewed(world, *bodies)
    done = answer(world.call("POST", "/orders/batch", {"orders": bodies}))["results"]
    for body, result, outcome in zip(bodies, results, done, strict=True):
        said = result["preview"]
        codes = {each["code"] for each in said["refusals"]}
        if outcome["status"] == 409:
            assert not said["allowed"] and outcome["problem"]["code"] in codes
        elif "effective_at" in body:
            warned = {each["code"] for each in outcome["order"]["warnings"]} - {"pending-orders"}
            assert warned <= codes and said["allowed"] is not bool(warned)
            assert said["when_due"] is not None
        else:
            assert said["allowed"]
            deltas = {
                each["sku"]: each["granted_after"] - each["granted_before"]
                for each in said["balances"]
            }
            changes = outcome.get("order", {"changes": []})["changes"]
            assert {each["sku"]: each["granted_delta"] for each in changes} == {
                sku: delta for sku, delta in deltas.items() if delta
            }
