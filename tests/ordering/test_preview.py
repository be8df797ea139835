"""A preview says what placing the same order then does, and does nothing."""

from typing import Any

import psycopg
from django.db import connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.databases import url_of
from tests.ordering.placing import (
    balances,
    consume,
    draft,
    line,
    place,
    placed,
    retire,
    revise,
    terminate,
)
from tests.world import World, answer


def preview(world: World, *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The answer to a preview, which has changed nothing."""
    before = world.fingerprint()
    response = world.call("POST", "/orders/preview", draft(world, *lines, **more))
    assert response.status_code == 200, response.content
    assert world.fingerprint() == before
    document: dict[str, Any] = answer(response)
    return document


def test_balances_before_and_after(world: World) -> None:
    placed(world, line(world.seat, 2))
    consume(world, world.user_sku, "a")
    assert preview(world, line(world.seat, 3)) == {
        "allowed": True,
        "balances": [
            {"sku": "be-geographic", "granted_before": 2, "granted_after": 5, "used": 0},
            {"sku": "user", "granted_before": 2, "granted_after": 5, "used": 1},
        ],
        "holdings": [
            {
                "product_id": str(world.seat.id),
                "product_code": "seat",
                "held_before": 2,
                "held_after": 5,
            }
        ],
        "warnings": [],
        "refusals": [],
        "when_due": None,
    }


def test_it_locks_nothing(world: World) -> None:
    placed(world)
    with transaction.atomic():
        preview(world)
        with psycopg.connect(url_of(connection.settings_dict["NAME"])) as other:
            other.execute(
                "SELECT FROM ledger_balance WHERE group_id = %s FOR UPDATE NOWAIT", [world.group.id]
            )


def test_refusals_of_balances(world: World) -> None:
    placed(world, line(world.seat, 2))
    consume(world, world.user_sku, "a", "b")
    result = preview(world, line(world.seat, 2, "remove"))
    assert result["allowed"] is False
    (refusal,) = result["refusals"]
    assert {name: refusal[name] for name in ("code", "sku", "granted", "used", "missing")} == {
        "code": "below-use",
        "sku": "user",
        "granted": 2,
        "used": 2,
        "missing": 2,
    }


def test_a_refusal_for_another_reason(world: World) -> None:
    retire(world.seat)
    result = preview(world)
    assert result["allowed"] is False
    assert [refusal["code"] for refusal in result["refusals"]] == ["product-retired"]


def test_a_terminated_subscription(world: World) -> None:
    terminate(world)
    result = preview(world)
    assert result["allowed"] is False
    assert [refusal["code"] for refusal in result["refusals"]] == ["subscription-terminated"]


def test_a_scheduled_order_is_previewed_as_if_it_were_due(world: World) -> None:
    result = preview(world, effective_at="2029-01-01T00:00:00Z")
    assert result["balances"][1]["granted_after"] == 1


def test_preview_ignores_idempotency_keys(world: World) -> None:
    before = world.fingerprint()
    for quantity in (1, 2):
        response = world.call(
            "POST",
            "/orders/preview",
            draft(world, line(world.seat, quantity)),
            headers={"Idempotency-Key": "same"},
        )
        assert response.status_code == 200
        assert "Idempotency-Replayed" not in response
    assert world.fingerprint() == before


STEPS = st.lists(
    st.lists(
        st.tuples(st.integers(0, 2), st.sampled_from(["add", "remove"]), st.integers(1, 6)),
        min_size=1,
        max_size=3,
        unique_by=lambda step: step[0],
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=25, deadline=None)
@given(steps=STEPS, used=st.integers(0, 4), revised=st.booleans())
def test_preview_equals_the_placed_order(
    steps: list[list[tuple[int, str, int]]], used: int, revised: bool
) -> None:
    world = World()
    products = [
        world.seat,
        world.product("double", {world.user_sku: 2}),
        world.product("mixed", {world.number_sku: 3, world.channel_sku: 1}),
    ]
    placed(world, line(world.seat, 4), line(products[1], 2))
    consume(world, world.user_sku, *(f"u{index}" for index in range(used)))
    if revised:
        revise(products[1], {world.user_sku: 3})
    for step in steps:
        lines = [line(products[index], quantity, action) for index, action, quantity in step]
        result = preview(world, *lines)
        before = balances(world)
        response = place(world, *lines)
        after = balances(world)
        assert (response.status_code == 201) == result["allowed"]
        if result["allowed"]:
            assert result["refusals"] == []
            for balance in result["balances"]:
                was = before.get(balance["sku"], (0, 0))
                assert (balance["granted_before"], balance["used"]) == was
                assert after[balance["sku"]] == (balance["granted_after"], balance["used"])
            untouched = set(after) - {balance["sku"] for balance in result["balances"]}
            assert all(after[sku] == before[sku] for sku in untouched)
        else:
            problem = answer(response)
            assert after == before
            assert result["refusals"][0]["code"] == problem["code"]
            assert result["refusals"] == problem.get("refusals", result["refusals"])
