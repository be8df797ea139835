"""Products that other products require: an order meets the requirement, or does not worsen it."""

import pytest

from fusion.catalogue.models import Product
from tests.ordering.placing import holdings, line, placed, refused, retire, revise
from tests.ordering.ruling import rule
from tests.world import World, make_subscription


@pytest.fixture
def extra(world: World) -> Product:
    """A product besides the seat."""
    return world.product("extra", {world.user_sku: 1})


def test_requirement_met_in_the_same_order(world: World, extra: Product) -> None:
    rule(world, extra, requires=["seat"])
    problem = refused(world, 409, "product-required", line(extra, 2))
    [refusal] = problem["refusals"]
    assert refusal == {
        "code": "product-required",
        "detail": problem["detail"],
        "product_id": str(extra.id),
        "product_code": "extra",
        "held_after": 2,
        "requires": ["seat"],
    }
    assert problem["detail"] == (
        "Product extra requires seat. The subscription would hold 2 of extra and none of seat."
        " Add seat in the same order, or before it."
    )
    assert problem["title"] == "Another product is required"
    placed(world, line(extra, 2), line(world.seat, 1))
    placed(world, line(extra, 1))


def test_all_missing_requirements_are_named(world: World, extra: Product) -> None:
    other = world.product("other", {world.channel_sku: 1})
    rule(world, extra, requires=["seat", "other"])
    problem = refused(world, 409, "product-required", line(extra))
    assert problem["refusals"][0]["requires"] == ["other", "seat"]
    problem = refused(world, 409, "product-required", line(extra), line(other))
    assert problem["refusals"][0]["requires"] == ["seat"]
    placed(world, line(extra), line(other), line(world.seat))


def test_the_last_unit_that_another_product_requires_stays(world: World, extra: Product) -> None:
    rule(world, extra, requires=["seat"])
    placed(world, line(world.seat, 3), line(extra, 2))
    placed(world, line(world.seat, 2, "remove"))
    for last in (line(world.seat, 1, "remove"), line(world.seat, 0, "set")):
        problem = refused(world, 409, "product-required", last)
        [refusal] = problem["refusals"]
        assert refusal == {
            "code": "product-required",
            "detail": problem["detail"],
            "product_id": str(world.seat.id),
            "product_code": "seat",
            "held_after": 0,
            "required_by": ["extra"],
        }
    assert problem["detail"] == (
        "The subscription would hold none of product seat, which it needs for 2 of extra."
        " Keep at least 1 of seat, or remove the others in the same order."
    )
    less = [line(world.seat, 1, "remove"), line(extra, 1, "remove")]
    assert refused(world, 409, "product-required", *less)["refusals"][0]["required_by"] == ["extra"]
    placed(world, line(world.seat, 1, "remove"), line(extra, 2, "remove"))


def test_one_refusal_if_an_order_adds_a_product_and_takes_what_it_requires(
    world: World, extra: Product
) -> None:
    rule(world, extra, requires=["seat"])
    placed(world, line(world.seat), line(extra))
    problem = refused(world, 409, "product-required", line(world.seat, 1, "remove"), line(extra, 1))
    [refusal] = problem["refusals"]
    assert refusal["requires"] == ["seat"]


def test_a_requirement_that_was_unmet_before(world: World, extra: Product) -> None:
    placed(world, line(extra, 3))
    rule(world, extra, requires=["seat"])
    refused(world, 409, "product-required", line(extra, 1))
    placed(world, line(extra, 1, "remove"))
    revise(extra, {world.user_sku: 2})
    placed(world, line(extra, 1, "remove"), line(extra, 1))
    placed(world, line(world.seat, 1))
    placed(world, line(extra, 5))


def test_a_set_that_takes_nothing_of_what_was_not_held(world: World, extra: Product) -> None:
    placed(world, line(extra, 3))
    rule(world, extra, requires=["seat"])
    other = world.product("other", {world.channel_sku: 1})
    placed(world, line(world.seat, 0, "set"), line(other))
    assert holdings(world) == {("extra", 1): 3, ("other", 1): 1}


def test_another_revision_of_what_is_required_is_no_removal(world: World, extra: Product) -> None:
    rule(world, extra, requires=["seat"])
    placed(world, line(world.seat), line(extra))
    revise(world.seat, {world.user_sku: 2})
    placed(world, line(world.seat, 1, "remove"), line(world.seat, 1))
    assert holdings(world) == {("seat", 2): 1, ("extra", 1): 1}


def test_a_retired_product_that_is_held_fulfils_a_requirement(world: World, extra: Product) -> None:
    rule(world, extra, requires=["seat"])
    placed(world, line(world.seat), line(extra))
    retire(world.seat)
    placed(world, line(extra))
    refused(world, 409, "product-required", line(world.seat, 1, "remove"))


def test_requirements_are_met_within_a_subscription(world: World, extra: Product) -> None:
    rule(world, extra, requires=["seat"])
    rule(world, world.seat, max_quantity=2)
    other = make_subscription(world.tenant, "other")
    placed(world, line(world.seat, 2), subscription=other)
    refused(world, 409, "product-required", line(extra))
    placed(world, line(world.seat, 2), line(extra))
    placed(world, line(world.seat, 2, "remove"), subscription=other)
