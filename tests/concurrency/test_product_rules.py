"""Rules of products: what one order leaves is what the next is judged by."""

from collections import Counter
from functools import partial

from fusion.catalogue.models import Product
from fusion.cli.verify import differences
from tests.bounds import PATIENCE
from tests.concurrency.actors import add, at_once, holding, order, remove, rows
from tests.ordering.ruling import rule
from tests.world import World, make_subscription

HELD = """
SELECT coalesce(sum(quantity), 0) FROM ordering_holding
WHERE subscription_id = %s AND product_id = %s
"""


def held(world: World, product: Product) -> int:
    """What the world's subscription holds of a product."""
    [(count,)] = rows(HELD, [world.subscription.id, product.id])
    return int(count)


def requiring(world: World) -> Product:
    """A product that requires the seat."""
    return rule(world, world.product("extra", {world.user_sku: 1}), requires=["seat"])


def test_an_addition_sees_that_what_it_requires_was_removed(world: World) -> None:
    extra = requiring(world)
    order(world, add(world.seat))
    with holding() as meanwhile:
        assert order(world, remove(world.seat))[0] == "placed"
        second = meanwhile.start(lambda: order(world, add(extra)))
    code, problem = second.result(PATIENCE)
    assert (code, problem["refusals"][0]["requires"]) == ("product-required", ["seat"])
    assert (held(world, world.seat), held(world, extra)) == (0, 0)


def test_a_removal_sees_what_was_added_that_requires_it(world: World) -> None:
    extra = requiring(world)
    order(world, add(world.seat))
    with holding() as meanwhile:
        assert order(world, add(extra))[0] == "placed"
        second = meanwhile.start(lambda: order(world, remove(world.seat)))
    code, problem = second.result(PATIENCE)
    assert (code, problem["refusals"][0]["required_by"]) == ("product-required", ["extra"])
    assert (held(world, world.seat), held(world, extra)) == (1, 1)


def test_never_a_product_without_what_it_requires(world: World) -> None:
    extra = requiring(world)
    outcomes: Counter[str] = Counter()
    for turn in range(12):
        world.subscription = make_subscription(world.tenant, f"s{turn}")
        assert order(world, add(world.seat))[0] == "placed"
        both = at_once(
            lambda: order(world, add(extra))[0], lambda: order(world, remove(world.seat))[0]
        )
        assert sorted(both) == ["placed", "product-required"]
        assert held(world, world.seat) == held(world, extra)
        outcomes[both[0]] += 1
    assert outcomes.total() == 12
    assert differences() == []


def test_of_many_orders_as_many_succeed_as_the_limit_allows(world: World) -> None:
    rule(world, world.seat, max_quantity=5)
    outcomes = at_once(*[partial(order, world, add(world.seat))] * 12)
    assert Counter(code for code, _ in outcomes) == {"placed": 5, "quantity-not-allowed": 7}
    assert held(world, world.seat) == 5


def test_an_order_and_a_change_of_its_rules_do_not_wait_for_each_other(world: World) -> None:
    with holding():
        rule(world, world.seat, step=5)
        [(code, _)] = at_once(lambda: order(world, add(world.seat)))
        assert code == "placed"
    code, problem = order(world, add(world.seat))
    assert (code, problem["refusals"][0]["held_after"]) == ("quantity-not-allowed", 2)
    assert order(world, add(world.seat, 4))[0] == "placed"
