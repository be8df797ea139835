"""Orders that end while others act: each ends once, and nothing that is in use is taken."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from fusion.cli.verify import differences
from fusion.kernel.errors import Problem
from fusion.lifecycle.apply_due import apply_due_orders
from fusion.lifecycle.reschedule import reschedule_order
from fusion.lifecycle.terminate import terminate
from fusion.ordering.cancel import cancel_order
from fusion.ordering.place import place_order
from fusion.ordering.queries import order_document_of
from fusion.ordering.reverse import reversal_of
from tests.bounds import PATIENCE
from tests.concurrency.actors import add, at_once, balance, holding, order, use
from tests.ordering.placing import fall_due
from tests.world import World, make_subscription


def trial(world: World, quantity: int = 2, **more: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """An order that ends, and its expiry, which is due."""
    end = datetime.now(UTC) + timedelta(days=9)
    code, placed = order(world, add(world.seat, quantity), ends_at=end, **more)
    assert code == "placed"
    expiry = {"id": placed["expired_by"]}
    fall_due(expiry)
    return placed, expiry


def state(document: dict[str, Any]) -> str:
    """The state of an order now."""
    return str(order_document_of(UUID(document["id"]))["state"])


def attempt(action: Any) -> str:
    """The state that an order came to, or the code of the refusal."""
    try:
        return str(action().body["state"])
    except Problem as problem:
        return problem.code


def ended(terminate: Any) -> str:
    """The state of a subscription after it is terminated."""
    return str(terminate().body["status"])


def test_several_workers_end_each_once(world: World) -> None:
    made = [trial(world, subscription=make_subscription(world.tenant, f"s{n}")) for n in range(6)]
    at_once(*[apply_due_orders] * 4)
    assert [state(expiry) for _, expiry in made] == ["completed"] * 6
    assert not differences()


def test_a_unit_that_is_taken_meanwhile_is_kept(world: World) -> None:
    _, expiry = trial(world)
    with holding() as meanwhile:
        assert use(world, world.user_sku, "one") is None
        worker = meanwhile.start(apply_due_orders)
    worker.result(PATIENCE)
    document = order_document_of(UUID(expiry["id"]))
    assert (document["state"], document["overdue"]) == ("scheduled", True)
    assert balance(world, world.user_sku) == (2, 1)
    assert not differences()


def test_a_unit_is_refused_after_the_end(world: World) -> None:
    _, expiry = trial(world)
    with holding() as meanwhile:
        apply_due_orders()
        user = meanwhile.start(lambda: use(world, world.user_sku, "one"))
    assert '"missing":1' in str(user.result(PATIENCE)).replace(" ", "").replace("'", '"')
    assert (state(expiry), balance(world, world.user_sku)) == ("completed", (0, 0))


def test_of_its_end_and_its_reversal_one_takes_the_units(world: World) -> None:
    outcomes = Counter[tuple[str, str]]()
    for n in range(8):
        world.subscription = make_subscription(world.tenant, f"s{n}")
        placed, expiry = trial(world)
        draft = reversal_of(world.actor(), UUID(placed["id"]))
        reverse = partial(attempt, partial(place_order, world.actor(), draft=draft))
        results = at_once(reverse, lambda: str(apply_due_orders()))
        outcomes[results[0], state(expiry)] += 1
        assert balance(world, world.user_sku) == (0, 0)
    assert set(outcomes) <= {("completed", "cancelled"), ("order-not-reversible", "completed")}
    assert not differences()


def test_an_order_and_its_end_are_cancelled_beside_a_termination(world: World) -> None:
    soon = datetime.now(UTC) + timedelta(days=1)
    for n in range(8):
        world.subscription = make_subscription(world.tenant, f"s{n}")
        placed, expiry = trial(world, effective_at=soon)
        cancel = partial(cancel_order, world.actor(), order_id=UUID(placed["id"]))
        end = partial(terminate, world.actor(), subscription_id=world.subscription.id)
        results = at_once(partial(attempt, cancel), partial(ended, end))
        assert results[0] in ("cancelled", "order-not-cancellable")
        assert (results[1], state(placed), state(expiry)) == ("terminated", *["cancelled"] * 2)
    assert not differences()


def test_its_end_among_those_who_stop_it(world: World) -> None:
    for n in range(6):
        world.subscription = make_subscription(world.tenant, f"s{n}")
        _, expiry = trial(world)
        wanted = {"order_id": UUID(expiry["id"])}
        later = datetime.now(UTC) + timedelta(days=3)
        move = partial(reschedule_order, world.actor(), effective_at=later, **wanted)
        end = partial(terminate, world.actor(), subscription_id=world.subscription.id)
        results = at_once(
            lambda: str(apply_due_orders()),
            partial(attempt, partial(cancel_order, world.actor(), **wanted)),
            partial(attempt, move),
            partial(ended, end),
        )
        assert results[3] == "terminated"
        assert state(expiry) in ("completed", "cancelled")
        assert balance(world, world.user_sku) == (0, 0)
    assert not differences()
