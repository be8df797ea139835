"""Orders over the same SKUs and subscriptions in opposite order: nobody waits crosswise."""

import random
import time
from collections import Counter
from functools import partial

from django.db import connection, transaction

from fusion.catalogue.models import Product
from fusion.cli.verify import differences
from fusion.ordering.place import Draft
from fusion.tenancy.models import Subscription
from tests.concurrency.actors import (
    add,
    at_once,
    balance,
    batch,
    count_orders,
    order,
    remove,
    rows,
    use,
)
from tests.world import World, make_subscription

ROUNDS = 12


def _products(world: World) -> list[Product]:
    """Products of one SKU each, in the order of their making and not of their SKUs' ids."""
    skus = [world.user_sku, world.channel_sku, world.number_sku]
    return [world.product(f"only-{sku.code}", {sku: 1}) for sku in skus]


def test_lines_in_opposite_order(world: World) -> None:
    products = _products(world)
    lines = [add(product) for product in products]
    for _ in range(ROUNDS):
        outcomes = at_once(*[lambda: order(world, *lines), lambda: order(world, *lines[::-1])] * 4)
        assert Counter(code for code, _ in outcomes) == {"placed": 8}
    assert balance(world, world.user_sku) == (8 * ROUNDS, 0)


def test_batches_of_subscriptions_in_opposite_order(world: World) -> None:
    subscriptions = [make_subscription(world.tenant, f"s{i}") for i in range(8)]
    products = _products(world)

    def drafts(chosen: list[Subscription], lines: list[Product]) -> list[tuple[None, Draft]]:
        return [(None, Draft(each.id, tuple(add(p) for p in lines))) for each in chosen]

    one = drafts(subscriptions, products)
    other = drafts(subscriptions[::-1], products[::-1])
    for _ in range(ROUNDS):
        results = at_once(*[lambda: batch(world, one), lambda: batch(world, other)] * 2)
        assert {each["status"] for result in results for each in result} == {201}
    for each in subscriptions:
        assert balance(world, world.user_sku, each.id) == (4 * ROUNDS, 0)
    assert differences() == []


def test_batches_against_single_orders_and_uses(world: World) -> None:
    """Consumers lock one balance, orders the subscription and then its balances."""
    subscriptions = [make_subscription(world.tenant, f"s{i}") for i in range(3)]
    for each in subscriptions:
        order(world, add(world.seat, 100), subscription=each)
    swap = [(None, Draft(each.id, (add(world.seat),))) for each in subscriptions[::-1]]
    swap += [(None, Draft(each.id, (remove(world.seat, 2),))) for each in subscriptions]

    def consume(n: int) -> None:
        for each in subscriptions:
            for sku in (world.number_sku, world.user_sku):
                assert use(world, sku, f"holder {n}", id=each.id) is None

    for round in range(ROUNDS):
        at_once(
            *[lambda: batch(world, swap)] * 2,
            *[lambda n=n, round=round: consume(4 * round + n) for n in range(4)],
            lambda: order(world, add(world.seat, 3), subscription=subscriptions[1]),
        )
    assert balance(world, world.user_sku, subscriptions[0].id) == (100 - 2 * ROUNDS, 4 * ROUNDS)
    assert balance(world, world.user_sku, subscriptions[1].id) == (100 + ROUNDS, 4 * ROUNDS)
    assert differences() == []


def test_entries_are_in_the_order_of_the_locks(world: World) -> None:
    """Sequence, sums and time agree, however many write."""
    at_once(*[lambda: order(world, add(world.seat, 2))] * 8)
    entries = rows(
        "SELECT sequence, granted_after, at FROM ledger_entry"
        " WHERE subscription_id = %s AND sku_id = %s ORDER BY sequence",
        [world.subscription.id, world.user_sku.id],
    )
    assert [(sequence, granted) for sequence, granted, _ in entries] == [
        (n, 2 * n) for n in range(1, 9)
    ]
    instants = [at for *_, at in entries]
    assert instants == sorted(instants)


def test_batch_answers_match_the_placed_orders(world: World) -> None:
    """Batches, every other one in a single transaction, share a few names and subscriptions."""
    subscriptions = [make_subscription(world.tenant, f"s{i}") for i in range(3)]

    def place(round: int, n: int) -> int:
        chance = random.Random(100 * round + n)
        names = [None, *(f"{round}.{name}" for name in "abcd")]
        drafts = [
            Draft(
                chance.choice(subscriptions).id,
                (add(world.seat),),
                external_reference=chance.choice(names),
            )
            for _ in range(8)
        ]
        key = f"{round}.{n}" if n % 2 else None
        results = batch(world, [(None, draft) for draft in drafts], key)
        return sum(result["status"] == 201 for result in results)

    for round in range(ROUNDS):
        before = count_orders(world)
        placed = at_once(*[lambda n=n, round=round: place(round, n) for n in range(6)])
        assert count_orders(world) - before == sum(placed)


def test_the_names_of_many_batches_fit_into_the_lock_table(world: World) -> None:
    """Three thousand locks each: all at once they would not, two at a time they do."""

    def lock(n: int) -> None:
        names = [f"{n}.{i}" for i in range(1_000)]
        paths, subscriptions = [world.group.path] * len(names), [None] * len(names)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT access_lock(%s, %s, %s::uuid[], %s, %s, NULL)",
                [world.group.id, paths, subscriptions, names, names],
            )
            time.sleep(0.05)  # what a batch does with its locks

    at_once(*[partial(lock, n) for n in range(36)])
