"""The last units: whoever asks, and however many at once, no more is taken than there is."""

from collections import Counter
from functools import partial

from fusion.cli.verify import differences
from tests.bounds import PATIENCE
from tests.concurrency.actors import add, at_once, balance, holding, order, remove, rows, use
from tests.world import World


def test_of_two_removals_of_the_last_units_one_is_refused(world: World) -> None:
    order(world, add(world.seat, 3))
    with holding() as meanwhile:
        assert order(world, remove(world.seat, 2))[0] == "placed"
        second = meanwhile.start(lambda: order(world, remove(world.seat, 2)))
    code, problem = second.result(PATIENCE)
    assert code == "not-held"
    # It was judged by what the first one left, not by what stood there when it came.
    assert problem["holdings"][0]["held"] == 1
    assert balance(world, world.user_sku) == (1, 0)


def test_of_many_removals_as_many_succeed_as_there_are_units(world: World) -> None:
    order(world, add(world.seat, 7))
    outcomes = at_once(*[lambda: order(world, remove(world.seat))] * 16)
    assert Counter(code for code, _ in outcomes) == {"placed": 7, "not-held": 9}
    assert balance(world, world.user_sku) == (0, 0)
    assert differences() == []


def test_a_removal_and_the_use_of_the_last_unit(world: World) -> None:
    """In either order one of them waits, sees what the other did, and is refused."""
    order(world, add(world.seat, 1))
    with holding() as meanwhile:
        assert use(world, world.user_sku, "a") is None
        removal = meanwhile.start(lambda: order(world, remove(world.seat)))
    code, problem = removal.result(PATIENCE)
    assert code == "below-use"
    assert problem["refusals"][0]["used"] == 1
    use(world, world.user_sku, "a", verb="ledger_release")
    with holding() as meanwhile:
        assert order(world, remove(world.seat))[0] == "placed"
        consumption = meanwhile.start(lambda: use(world, world.user_sku, "b"))
    assert consumption.result(PATIENCE) == {"granted": 0, "used": 0, "requested": 1, "missing": 1}
    assert balance(world, world.user_sku) == (0, 0)


def test_removals_and_uses_in_a_storm(world: World) -> None:
    order(world, add(world.seat, 12))

    def take(i: int) -> str:
        return order(world, remove(world.seat))[0]

    def consume(i: int) -> str:
        return "refused" if use(world, world.user_sku, f"holder {i}") else "used"

    outcomes = Counter(
        at_once(*[partial(action, i) for i in range(12) for action in (take, consume)])
    )
    granted, used = balance(world, world.user_sku)
    assert granted == 12 - outcomes["placed"] >= used == outcomes["used"]
    assert outcomes["placed"] + outcomes["used"] == 12
    assert differences() == []


def test_units_used_together_are_consumed_all_or_none(world: World) -> None:
    order(world, add(world.seat, 10))
    actions = [
        lambda i=i: use(world, world.user_sku, *(f"{i}.{n}" for n in range(4))) is None
        for i in range(6)
    ]
    assert Counter(at_once(*actions)) == {True: 2, False: 4}
    assert balance(world, world.user_sku) == (10, 8)
    entries = rows(
        "SELECT sequence, used_after FROM ledger_entry"
        " WHERE subscription_id = %s AND sku_id = %s ORDER BY sequence",
        [world.subscription.id, world.user_sku.id],
    )
    assert entries == [(1 + n, n) for n in range(9)]
