"""Rules of products: quantities that a subscription may hold, and products that others require."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from hypothesis import assume, given
from hypothesis import strategies as st

from fusion.catalogue.models import Product
from fusion.catalogue.rules import Limits
from fusion.kernel.errors import InvalidFields
from fusion.lifecycle.apply_due import apply_due_orders
from tests.ordering.placing import (
    consume,
    draft,
    fall_due,
    holdings,
    line,
    placed,
    refused,
    revise,
    seen,
    terminate,
)
from tests.ordering.ruling import LIMITS, distance, nearest, rule
from tests.world import World, answer, make_subscription

LATER = (datetime.now(UTC) + timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture
def extra(world: World) -> Product:
    """A product besides the seat."""
    return world.product("extra", {world.user_sku: 1})


def held(world: World, product: Product) -> int:
    """What the world's subscription holds of a product."""
    return sum(many for (code, _), many in holdings(world).items() if code == product.code)


# by case: the limits, what is held before, the line, what is allowed next to the refused quantity
CASES: dict[str, tuple[tuple[Any, Any, Any], int, tuple[str, int], list[int] | None]] = {
    "at the least": ((5, None, None), 0, ("add", 5), None),
    "below the least": ((5, None, None), 0, ("add", 4), [0, 5]),
    "from the least to nothing": ((5, None, None), 5, ("remove", 5), None),
    "from the least to less": ((5, None, None), 5, ("remove", 1), [0, 5]),
    "at the most": ((None, 5, None), 0, ("add", 5), None),
    "above the most": ((None, 5, None), 3, ("add", 3), [5]),
    "a multiple": ((None, None, 5), 5, ("add", 10), None),
    "no multiple": ((None, None, 5), 5, ("add", 6), [10, 15]),
    "no multiple after a removal": ((None, None, 5), 10, ("remove", 4), [5, 10]),
    "the first multiple above the least": ((7, 12, 5), 0, ("add", 10), None),
    "a multiple below the least": ((7, 12, 5), 0, ("add", 5), [0, 10]),
    "between the last multiple and the most": ((7, 12, 5), 10, ("add", 2), [10]),
    "set to what is allowed": ((5, 50, 5), 10, ("set", 15), None),
    "set to what is not": ((5, 50, 5), 10, ("set", 12), [10, 15]),
    "set to nothing": ((5, 50, 5), 10, ("set", 0), None),
    "broken before, nearer": ((None, 5, None), 9, ("remove", 1), None),
    "broken before, as far on the other side": ((None, None, 10), 4, ("add", 2), None),
    "broken before, as far": ((None, None, 10), 14, ("add", 10), None),
    "broken before, further": ((None, 5, None), 9, ("add", 1), [5]),
    "broken before, further from nothing": ((10, None, None), 3, ("add", 1), [0, 10]),
    "broken before, past the middle": ((10, None, None), 3, ("add", 4), None),
    "broken before, repaired": ((10, None, None), 3, ("add", 7), None),
    "broken before, set as it is": ((10, None, None), 3, ("set", 3), None),
}


@pytest.mark.parametrize("case", CASES)
def test_quantity(world: World, case: str) -> None:
    limits, before, (action, quantity), allowed = CASES[case]
    if before:
        placed(world, line(world.seat, before))
    rule(world, world.seat, **dict(zip(LIMITS, limits, strict=True)))
    wanted = line(world.seat, quantity, action)
    after = {"add": before + quantity, "remove": before - quantity, "set": quantity}[action]
    if allowed is None:
        answered = world.call("POST", "/orders", draft(world, wanted))
        assert answered.status_code in (200, 201), answered.content
        assert held(world, world.seat) == after
        return
    problem = refused(world, 409, "quantity-not-allowed", wanted)
    [refusal] = problem["refusals"]
    assert refusal == {
        "code": "quantity-not-allowed",
        "detail": problem["detail"],
        "product_id": str(world.seat.id),
        "product_code": "seat",
        "held_after": after,
        **dict(zip(LIMITS, limits, strict=True)),
        "allowed": allowed,
    }
    assert problem["title"] == "Quantity is not allowed"
    previewed = answer(world.call("POST", "/orders/preview", draft(world, wanted)))
    assert (previewed["allowed"], previewed["refusals"]) == (False, [refusal])


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"min_quantity": 20}, "It may hold 0, or from 20 on. Order so that it holds 0 or 20."),
        (
            {"step": 1, "min_quantity": 8},
            "It may hold 0, or from 8 on. Order so that it holds 0 or 8.",
        ),
        ({"max_quantity": 3}, "It may hold 0, or from 1 to 3. Order so that it holds 3."),
        (
            {"step": 5},
            "It may hold 0, or a multiple of 5 from 5 on. Order so that it holds 5 or 10.",
        ),
        (
            {"step": 5, "min_quantity": 5, "max_quantity": 50},
            "It may hold 0, or a multiple of 5 from 5 to 50. Order so that it holds 5 or 10.",
        ),
    ],
)
def test_words(world: World, limits: dict[str, int], words: str) -> None:
    rule(world, world.seat, **limits)
    problem = refused(world, 409, "quantity-not-allowed", line(world.seat, 7))
    assert problem["detail"] == f"Product seat: the subscription would hold 7. {words}"


limit = st.none() | st.integers(1, 12) | st.integers(1, 1_000_000)
quantity = st.integers(0, 40) | st.integers(0, 2_000_000_000)


@given(quantity, limit, limit, limit)
def test_the_database_finds_what_is_allowed(
    many: int, least: int | None, most: int | None, step: int | None
) -> None:
    try:
        Limits(least, most, step).check()
    except InvalidFields:
        assume(False)
    limits = (least, most, step)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ordering_distance(%s, %s, %s, %s), lower, upper"
            " FROM ordering_allowed(%s, %s, %s, %s)",
            [many, *limits, many, *limits],
        )
        far, *found = cursor.fetchone()
    assert {each for each in found if each is not None} == nearest(many, limits)
    assert far == distance(many, limits)


def test_sums_of_an_order_over_all_revisions(world: World) -> None:
    placed(world, line(world.seat, 10))
    revise(world.seat, {world.user_sku: 2})
    rule(world, world.seat, step=5)
    swap = [line(world.seat, 3, "remove"), line(world.seat, 3)]
    placed(world, *swap)
    assert holdings(world) == {("seat", 1): 7, ("seat", 2): 3}
    of_first = {**line(world.seat, 2, "remove"), "revision": 1}
    problem = refused(world, 409, "quantity-not-allowed", of_first)
    assert problem["refusals"][0]["held_after"] == 8
    placed(world, of_first, line(world.seat, 2))


def test_all_refusals_together_balances_first(world: World, extra: Product) -> None:
    other = world.product("other", {world.channel_sku: 1})
    placed(world, line(world.seat, 10))
    consume(world, world.user_sku, *"abcdefgh")
    rule(world, world.seat, min_quantity=10)
    rule(world, extra, step=2, requires=["other"])
    rule(world, other, max_quantity=1)
    lines = [line(world.seat, 3, "remove"), line(extra), line(other, 2)]
    problem = refused(world, 409, "quantity-not-allowed", *lines)
    found = [(each["code"], each["product_code"]) for each in problem["refusals"]]
    not_allowed = "quantity-not-allowed"
    assert found == [(not_allowed, "extra"), (not_allowed, "other"), (not_allowed, "seat")]
    assert problem["detail"] == " ".join(each["detail"] for each in problem["refusals"])
    lines = [line(world.seat, 3, "remove"), {**line(other, 1), "action": "set"}]
    problem = refused(world, 409, "below-use", *lines)
    assert [each["code"] for each in problem["refusals"]] == ["below-use", not_allowed]


def test_what_is_not_held_comes_before_the_rules(world: World) -> None:
    rule(world, world.seat, min_quantity=5)
    refused(world, 409, "not-held", line(world.seat, 1, "remove"))


def test_in_a_batch_each_order_sees_those_before_it(world: World, extra: Product) -> None:
    rule(world, extra, requires=["seat"], step=2)
    rule(world, world.seat, max_quantity=3)
    other = make_subscription(world.tenant, "other")
    orders = [
        draft(world, line(extra, 2)),
        draft(world, line(world.seat, 3)),
        draft(world, line(extra, 2)),
        draft(world, line(extra, 2), subscription=other),
        draft(world, line(world.seat, 1)),
        draft(world, line(world.seat, 3, "remove")),
        draft(world, line(extra, 1)),
        draft(world, line(extra, 2, "remove")),
        draft(world, line(world.seat, 3, "remove")),
        draft(world, line(extra, 4)),
    ]
    results = answer(world.call("POST", "/orders/batch", {"orders": orders}))["results"]
    found = [each.get("problem", {}).get("code", each["status"]) for each in results]
    required, not_allowed = "product-required", "quantity-not-allowed"
    assert found == [
        required,
        201,
        201,
        required,
        not_allowed,
        required,
        not_allowed,
        201,
        201,
        required,
    ]
    assert holdings(world) == {}


def test_rules_of_now_when_a_scheduled_order_is_applied(world: World, extra: Product) -> None:
    several = placed(world, line(world.seat, 7), effective_at=LATER)
    requiring = placed(world, line(extra), effective_at=LATER)
    setting = placed(world, line(world.seat, 8, "set"), effective_at=LATER)
    rule(world, world.seat, step=5)
    rule(world, extra, requires=["seat"])
    for order in (several, requiring, setting):
        fall_due(order)
    apply_due_orders()
    failures = [seen(world, order)["failure"] for order in (several, requiring, setting)]
    assert [each["code"] for each in failures] == [
        "quantity-not-allowed",
        "product-required",
        "quantity-not-allowed",
    ]
    assert failures[0]["refusals"][0]["held_after"] == 7
    assert holdings(world) == {}


def test_a_scheduled_order_is_judged_when_it_is_applied(world: World, extra: Product) -> None:
    rule(world, extra, requires=["seat"], step=2)
    order = placed(world, line(extra, 1), effective_at=LATER)
    rule(world, extra, step=None)
    placed(world, line(world.seat))
    fall_due(order)
    apply_due_orders()
    assert seen(world, order)["state"] == "completed"


def test_a_termination_keeps_to_no_rule(world: World, extra: Product) -> None:
    rule(world, extra, requires=["seat"])
    placed(world, line(world.seat), line(extra))
    rule(world, world.seat, min_quantity=5)
    terminate(world)
    assert holdings(world) == {}


def test_a_reversal_keeps_to_no_rule(world: World, extra: Product) -> None:
    rule(world, extra, requires=["seat"])
    first = placed(world, line(world.seat, 2))
    second = placed(world, line(world.seat, 5), line(extra))
    later = placed(world, line(world.seat, 7, "remove"), line(extra, 1, "remove"))
    rule(world, world.seat, min_quantity=4)
    rule(world, extra, requires=["seat"], step=2)
    for order, held in ((later, 7), (second, 2), (first, 0)):
        path = f"/orders/{order['id']}/reverse"
        previewed = answer(world.call("POST", "/orders/preview", {"reverses": order["id"]}))
        assert (previewed["allowed"], previewed["refusals"]) == (True, [])
        assert world.call("POST", path).status_code == 201
        assert sum(many for (code, _), many in holdings(world).items() if code == "seat") == held
    order = answer(world.call("POST", f"/orders/{first['id']}/reverse"))
    assert order["code"] == "already-reversed"


def test_a_scheduled_reversal_and_an_expiry_keep_to_no_rule(world: World, extra: Product) -> None:
    rule(world, extra, requires=["seat"])
    ends = (datetime.now(UTC) + timedelta(days=40)).isoformat()
    trial = placed(world, line(world.seat, 3), ends_at=ends)
    addition = placed(world, line(world.seat, 4))
    placed(world, line(extra))
    path = f"/orders/{addition['id']}/reverse"
    reversal = answer(world.call("POST", path, {"effective_at": LATER}))
    expiry = seen(world, {"id": seen(world, trial)["expired_by"]})
    rule(world, world.seat, min_quantity=7)
    fall_due(reversal, expiry)
    apply_due_orders()
    assert [seen(world, order)["state"] for order in (reversal, expiry)] == ["completed"] * 2
    assert holdings(world) == {("extra", 1): 1}


def test_removed_rules_bind_nobody(world: World, extra: Product) -> None:
    rule(world, extra, requires=["seat"], step=2, min_quantity=2, max_quantity=2)
    refused(world, 409, "quantity-not-allowed", line(extra, 1))
    rule(world, extra, requires=[], step=None, min_quantity=None, max_quantity=None)
    placed(world, line(extra, 1))
    extra.refresh_from_db()
    world.seat.refresh_from_db()
    assert not extra.has_requirements and not world.seat.has_requirements
