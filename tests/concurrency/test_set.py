"""A quantity that is set or expected is compared with what is held under the lock."""

from collections import Counter
from functools import partial
from typing import Any

from fusion.cli.verify import differences
from fusion.ordering.place import Line
from tests.bounds import PATIENCE
from tests.concurrency.actors import add, at_once, balance, holding, order, remove
from tests.world import World


def set_to(world: World, quantity: int, **more: Any) -> Line:
    """A line."""
    return Line(world.seat.id, quantity, "set", **more)


def test_a_set_sees_the_order_that_it_waited_for(world: World) -> None:
    order(world, add(world.seat, 3))
    with holding() as meanwhile:
        assert order(world, add(world.seat, 4))[0] == "placed"
        second = meanwhile.start(lambda: order(world, set_to(world, 5)))
    code, document = second.result(PATIENCE)
    assert code == "placed"
    (line,) = document["lines"]
    assert (line["quantity_before"], line["taken"]) == (7, [{"revision": 1, "quantity": 2}])
    assert balance(world, world.user_sku) == (5, 0)


def test_of_two_equal_sets_the_second_changes_nothing(world: World) -> None:
    with holding() as meanwhile:
        assert order(world, set_to(world, 5))[0] == "placed"
        second = meanwhile.start(lambda: order(world, set_to(world, 5)))
    code, document = second.result(PATIENCE)
    assert (code, document) == ("placed", {"unchanged": True, "held": 5})
    assert balance(world, world.user_sku) == (5, 0)


def test_of_two_orders_that_expect_the_same_one_is_refused(world: World) -> None:
    order(world, add(world.seat, 3))
    with holding() as meanwhile:
        assert order(world, set_to(world, 5, expected_quantity=3))[0] == "placed"
        second = meanwhile.start(lambda: order(world, set_to(world, 4, expected_quantity=3)))
    code, problem = second.result(PATIENCE)
    assert (code, problem["held"]) == ("quantity-changed", 5)
    assert balance(world, world.user_sku) == (5, 0)


def test_a_removal_expects_what_the_other_left(world: World) -> None:
    order(world, add(world.seat, 3))
    expecting = Line(world.seat.id, 1, "remove", revision=1, expected_quantity=3)
    with holding() as meanwhile:
        assert order(world, remove(world.seat))[0] == "placed"
        second = meanwhile.start(lambda: order(world, expecting))
    code, problem = second.result(PATIENCE)
    assert (code, problem["held"]) == ("quantity-changed", 2)
    assert balance(world, world.user_sku) == (2, 0)


def test_sets_in_a_storm_each_find_what_the_one_before_left(world: World) -> None:
    order(world, add(world.seat, 4))
    quantities = [1, 9, 3, 7, 2, 8, 5, 6]
    outcomes = at_once(*[partial(order, world, set_to(world, quantity)) for quantity in quantities])
    assert {code for code, _ in outcomes} == {"placed"}
    lines = [document["lines"][0] for _, document in outcomes]
    # The quantities before and after form one chain from 4 to what is held now.
    before = Counter(line["quantity_before"] for line in lines)
    after = Counter(line["quantity_after"] for line in lines)
    held, _ = balance(world, world.user_sku)
    assert before + Counter([held]) == after + Counter([4])
    assert differences() == []
