"""A removal takes the newest revision first, and never what is in use."""

from tests.ordering.placing import (
    balances,
    consume,
    holdings,
    line,
    placed,
    refused,
    release,
    retire,
    revise,
)
from tests.world import World


def test_newest_revision_first_and_older_ones_stay(world: World) -> None:
    placed(world, line(world.seat, 3))
    revise(world.seat, {world.user_sku: 2})
    placed(world, line(world.seat, 3))
    revise(world.seat, {world.user_sku: 5})
    placed(world, line(world.seat, 1))

    order = placed(world, line(world.seat, 5, "remove"))
    assert order["lines"][0]["revision"] is None
    assert order["lines"][0]["taken"] == [
        {"revision": 3, "quantity": 1},
        {"revision": 2, "quantity": 3},
        {"revision": 1, "quantity": 1},
    ]
    assert order["changes"] == [
        {"sku": "be-geographic", "granted_delta": -1},
        {"sku": "user", "granted_delta": -(5 + 6 + 1)},
    ]
    assert holdings(world) == {("seat", 1): 2}
    assert balances(world) == {"be-geographic": (2, 0), "user": (2, 0)}


def test_all_of_it_leaves_nothing_held_and_balances_at_zero(world: World) -> None:
    placed(world, line(world.seat, 4))
    placed(world, line(world.seat, 4, "remove"))
    assert holdings(world) == {}
    assert balances(world) == {"be-geographic": (0, 0), "user": (0, 0)}
    placed(world, line(world.seat, 1))
    assert holdings(world) == {("seat", 1): 1}


def test_a_retired_product_can_be_removed_and_not_added(world: World) -> None:
    placed(world, line(world.seat, 4))
    retire(world.seat)
    placed(world, line(world.seat, 3, "remove"))
    refused(world, 409, "product-retired", line(world.seat, 1))
    retire(world.seat, "active")
    placed(world, line(world.seat, 1))
    assert holdings(world) == {("seat", 1): 2}


def test_more_than_is_held(world: World) -> None:
    placed(world, line(world.seat, 2))
    problem = refused(world, 409, "not-held", line(world.seat, 5, "remove"))
    assert problem["holdings"] == [
        {
            "product_id": str(world.seat.id),
            "product_code": "seat",
            "held": 2,
            "requested": 5,
            "missing": 3,
        }
    ]
    assert "2" in problem["detail"] and "3" in problem["detail"]


def test_nothing_is_held(world: World) -> None:
    other = world.product("other", {world.user_sku: 1})
    placed(world, line(world.seat, 2))
    problem = refused(world, 409, "not-held", line(other, 1, "remove"))
    assert problem["holdings"][0]["held"] == 0


def test_below_use_lists_every_sku_with_its_numbers(world: World) -> None:
    placed(world, line(world.seat, 10))
    consume(world, world.user_sku, *(f"u{index}" for index in range(7)))
    consume(world, world.number_sku, *(f"n{index}" for index in range(9)))
    problem = refused(world, 409, "below-use", line(world.seat, 4, "remove"))
    numbers = [
        {name: refusal[name] for name in ("sku", "granted", "used", "requested", "missing")}
        for refusal in problem["refusals"]
    ]
    assert sorted(numbers, key=lambda each: each["sku"]) == [
        {"sku": "be-geographic", "granted": 10, "used": 9, "requested": 4, "missing": 3},
        {"sku": "user", "granted": 10, "used": 7, "requested": 4, "missing": 1},
    ]
    assert "be-geographic" in problem["detail"] and "user" in problem["detail"]

    # What the refusal says would help, helps.
    release(world, world.number_sku, "n0", "n1", "n2")
    release(world, world.user_sku, "u0")
    placed(world, line(world.seat, 4, "remove"))
    assert balances(world) == {"be-geographic": (6, 6), "user": (6, 6)}


def test_units_in_use_can_be_swapped_in_one_order(world: World) -> None:
    users = world.product("users", {world.user_sku: 1})
    numbers = world.product("numbers", {world.number_sku: 1})
    placed(world, line(world.seat, 5))
    consume(world, world.user_sku, "a", "b", "c", "d", "e")
    refused(world, 409, "below-use", line(world.seat, 5, "remove"), line(numbers, 5))
    problem = refused(world, 409, "below-use", line(world.seat, 5, "remove"), line(users, 4))
    assert [(each["sku"], each["requested"], each["missing"]) for each in problem["refusals"]] == [
        ("user", 1, 1)
    ]
    placed(world, line(world.seat, 5, "remove"), line(users, 5))
    assert balances(world) == {"be-geographic": (0, 0), "user": (5, 5)}


def test_units_in_use_never_prevent_an_addition(world: World) -> None:
    placed(world, line(world.seat, 1))
    consume(world, world.user_sku, "a")
    placed(world, line(world.seat, 1))
    assert balances(world)["user"] == (2, 1)


def test_channels_may_go_below_the_calls_in_progress(world: World) -> None:
    trunk = world.product("channels", {world.channel_sku: 10})
    placed(world, line(trunk, 2))
    placed(world, line(trunk, 2, "remove"))  # live calls are counted apart: `used` stays 0
    assert balances(world) == {"sip-channel": (0, 0)}
