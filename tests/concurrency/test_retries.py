"""The same key, or the same external reference, from many callers at once."""

from collections import Counter
from typing import Any

import pytest

from fusion.cli.verify import differences
from fusion.ordering.place import Draft, Line
from fusion.tenancy.models import Subscription
from tests.bounds import PATIENCE
from tests.concurrency.actors import (
    add,
    at_once,
    balance,
    batch,
    count_orders,
    holding,
    order,
    rows,
)
from tests.ordering.placing import place
from tests.world import World, answer, make_subscription


def test_one_key_from_32_callers_is_one_order_and_32_equal_answers(world: World) -> None:
    world.token(world.group)
    responses = at_once(*[lambda: place(world, key="the one")] * 32)
    assert {response.status_code for response in responses} == {201}
    assert len({response.content for response in responses}) == 1
    replayed = Counter(response.get("Idempotency-Replayed") for response in responses)
    assert replayed == {None: 1, "true": 31}
    assert {response["Location"] for response in responses} == {
        f"/api/v1/orders/{answer(responses[0])['id']}"
    }
    assert count_orders(world) == 1
    assert balance(world, world.user_sku) == (1, 0)


def test_one_key_for_different_orders_is_the_first_ones(world: World) -> None:
    actions = [lambda n=n: order(world, add(world.seat, n), key="k") for n in range(1, 13)]
    outcomes = Counter(code for code, _ in at_once(*actions))
    assert outcomes == {"placed": 1, "idempotency-key-reused": 11}
    assert count_orders(world) == 1


def test_a_key_whose_first_user_is_refused_goes_to_the_next(world: World) -> None:
    """A refusal burns no key: the second waits, and is then judged by itself."""
    nothing = Line(world.seat.id, 1, "remove")
    with holding() as meanwhile:
        assert order(world, nothing, key="k")[0] == "not-held"
        second = meanwhile.start(lambda: order(world, add(world.seat), key="k"))
    assert second.result(PATIENCE)[0] == "placed"


def test_one_key_from_single_orders_and_batches(world: World) -> None:
    draft = Draft(world.subscription.id, (add(world.seat),))
    keys = [f"k{i}" for i in range(6)]

    def single(key: str) -> list[str]:
        return [order(world, add(world.seat), key=key)[1]["id"]]

    def several(chosen: list[str]) -> list[str]:
        return [result["order"]["id"] for result in batch(world, [(k, draft) for k in chosen])]

    chosen = [keys, keys[::-1], keys[3:] + keys[:3], keys * 2, [keys[0]] * 6]
    actions = [lambda some=some: several(some) for some in chosen]
    actions += [lambda key=key: single(key) for key in keys * 2]
    outcomes = at_once(*actions)
    # One order for each key, whoever asked.
    assert len({id for ids in outcomes for id in ids}) == len(keys)
    by_key = dict(zip(keys, outcomes[0], strict=True))
    assert outcomes == [[by_key[key] for key in some] for some in chosen + [[k] for k in keys * 2]]
    assert count_orders(world) == len(keys)
    assert balance(world, world.user_sku) == (len(keys), 0)


def test_one_batch_key_from_many_callers(world: World) -> None:
    draft = Draft(world.subscription.id, (add(world.seat),))
    actions = [lambda: batch(world, [(None, draft)] * 5, key="all")] * 8
    results = at_once(*actions)
    assert all(result == results[0] for result in results)
    assert count_orders(world) == 5


def test_a_batch_whose_order_carries_the_batch_s_own_key(world: World) -> None:
    draft = Draft(world.subscription.id, (add(world.seat),))
    first, second = batch(world, [("k", draft), (None, draft)], key="k")
    assert (first["status"], first["problem"]["code"]) == (422, "idempotency-key-reused")
    assert second["status"] == 201
    assert count_orders(world) == 1


def test_one_external_reference_from_16_callers(world: World) -> None:
    actions = [lambda: order(world, add(world.seat), external_reference="R-1")] * 16
    outcomes = at_once(*actions)
    assert Counter(code for code, _ in outcomes) == {"placed": 1, "external-reference-taken": 15}
    [(number,)] = rows("SELECT number FROM ordering_order WHERE group_id = %s", [world.group.id])
    assert all(str(number) in problem["detail"] for code, problem in outcomes if code != "placed")


@pytest.mark.parametrize("keyed", [False, True])
def test_batches_that_name_the_same_things_in_opposite_order(world: World, keyed: bool) -> None:
    """Several runs of one batch share names crosswise with other batches and single orders."""
    subscriptions = [make_subscription(world.tenant, f"s{i}") for i in range(4)]

    def place_all(way: list[Subscription], round: int, n: int) -> list[dict[str, Any]]:
        drafts = [
            Draft(each.id, (add(world.seat),), external_reference=f"{round}.{each.name}")
            for each in way
        ]
        key = f"batch {n} of {round}" if keyed else None
        return batch(world, [(None, draft) for draft in drafts * 2], key)  # two runs of each name

    ways = [subscriptions, subscriptions[::-1], subscriptions[2:] + subscriptions[:2]]
    for round in range(6):
        actions = [
            lambda way=way, n=n, round=round: place_all(way, round, n)
            for n, way in enumerate(ways * 2)
        ]
        results = [result for results in at_once(*actions) for result in results]
        assert sum(result["status"] == 201 for result in results) == len(subscriptions)
        codes = {result["problem"]["code"] for result in results if "problem" in result}
        assert codes == {"external-reference-taken"}
    assert count_orders(world) == 6 * len(subscriptions)
    assert differences() == []
