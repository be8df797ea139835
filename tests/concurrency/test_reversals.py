"""Of several actors who reverse an order, one does; nobody takes back what is gone or in use."""

from collections import Counter
from functools import partial
from typing import Any
from uuid import UUID

from fusion.cli.verify import differences
from fusion.kernel.errors import Problem
from fusion.ordering.place import place_order
from fusion.ordering.reverse import reversal_of
from tests.bounds import PATIENCE
from tests.concurrency.actors import add, at_once, balance, holding, order, remove, use
from tests.world import World


def reverse(world: World, document: dict[str, Any]) -> tuple[str, Any]:
    """Reverse an order: ("placed", its document), or (the problem's code, it)."""
    draft = reversal_of(world.actor(), UUID(document["id"]))
    try:
        return "placed", place_order(world.actor(), draft=draft).body
    except Problem as problem:
        return problem.code, problem.document()


def test_one_of_many_reverses_an_order(world: World) -> None:
    order(world, add(world.seat, 3))
    _, mistake = order(world, add(world.seat, 2))
    results = at_once(*[partial(reverse, world, mistake)] * 8)
    assert Counter(code for code, _ in results) == {"placed": 1, "already-reversed": 7}
    assert balance(world, world.user_sku) == (3, 0)
    assert not differences()


def test_a_reversal_sees_the_one_that_it_waited_for(world: World) -> None:
    _, mistake = order(world, add(world.seat, 2))
    with holding() as meanwhile:
        _, first = reverse(world, mistake)
        second = meanwhile.start(lambda: reverse(world, mistake))
    code, problem = second.result(PATIENCE)
    assert (code, problem["existing"]["id"]) == ("already-reversed", first["id"])


def test_a_reversal_sees_what_was_removed_or_used_meanwhile(world: World) -> None:
    _, mistake = order(world, add(world.seat, 2))
    with holding() as meanwhile:
        order(world, remove(world.seat))
        second = meanwhile.start(lambda: reverse(world, mistake))
    assert second.result(PATIENCE)[0] == "not-held"
    order(world, add(world.seat))
    with holding() as meanwhile:
        assert use(world, world.user_sku, "one") is None
        second = meanwhile.start(lambda: reverse(world, mistake))
    assert second.result(PATIENCE)[0] == "below-use"
    assert balance(world, world.user_sku) == (2, 1)
