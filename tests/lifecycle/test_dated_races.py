"""Dated suspensions and terminations while others act: each exactly once, none half."""

from collections import Counter
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from fusion.cli.verify import differences
from fusion.kernel.clock import read_instant
from fusion.kernel.errors import Problem
from fusion.lifecycle.apply_due import apply_due_orders
from fusion.lifecycle.resume import resume
from fusion.lifecycle.schedule import schedule
from fusion.lifecycle.suspend import suspend
from fusion.lifecycle.terminate import terminate
from fusion.ordering.cancel import cancel_order
from fusion.tenancy.models import Subscription
from tests.bounds import PATIENCE
from tests.concurrency.actors import add, at_once, balance, holding, order, rows
from tests.lifecycle.dating import ask, at, fall_due, orders, scheduled, state
from tests.owner import owner_rows
from tests.world import World, make_subscription

KIND_STATES = "SELECT kind, state FROM ordering_order WHERE subscription_id = %s"


def said(action: Any) -> str:
    """The state that an order or a subscription came to, or the code of the refusal."""
    try:
        body = action().body
    except Problem as problem:
        return problem.code
    return str(body.get("state") or body.get("status"))


def ending(world: World, hours: float, subscription: Subscription | None = None) -> Any:
    """Schedule a termination."""
    return schedule(
        world.actor(),
        kind="termination",
        subscription_id=(subscription or world.subscription).id,
        effective_at=_instant(hours),
    )


def _instant(hours: float) -> datetime:
    return read_instant(at(hours))


def cancel(world: World, id: str) -> str:
    return said(lambda: cancel_order(world.actor(), order_id=UUID(id)))


def test_several_workers_carry_out_each_once(world: World) -> None:
    subscriptions = [make_subscription(world.tenant, f"s{n}") for n in range(6)]
    for each in subscriptions:
        order(world, add(world.seat, 2), subscription=each)
        world.subscription = each
        scheduled(world, "suspend", 1, reason="fraud")
        order(world, add(world.seat, 3), subscription=each, effective_at=_instant(2))
        scheduled(world, "terminate", 2)
    fall_due(world)
    settled = at_once(*[apply_due_orders] * 4)
    assert sum(settled) + apply_due_orders() == 3 * len(subscriptions)
    for each in subscriptions:
        found = Counter(rows(KIND_STATES, [each.id]))
        assert found == {
            ("change", "completed"): 2,
            ("suspension", "completed"): 1,
            ("termination", "completed"): 1,
        }
        assert balance(world, world.user_sku, each.id) == (0, 0)
        answered = Counter(
            rows("SELECT type FROM events_event WHERE subscription_id = %s", [each.id])
        )
        assert answered[("subscription.terminated",)] == answered[("subscription.suspended",)] == 1
        assert answered[("order.completed",)] == 4
    assert apply_due_orders() == 0
    assert differences() == []


def test_scheduling_waits_for_a_termination_under_way_and_is_refused(world: World) -> None:
    order(world, add(world.seat))
    with holding() as meanwhile:
        terminate(world.actor(), subscription_id=world.subscription.id)
        late = meanwhile.start(lambda: said(lambda: ending(world, 5)))
    assert late.result(PATIENCE) == "subscription-terminated"
    assert differences() == []


def test_a_termination_waits_for_a_scheduling_and_cancels_it(world: World) -> None:
    order(world, add(world.seat))
    with holding() as meanwhile:
        later = ending(world, 5).body["id"]
        end = meanwhile.start(
            lambda: said(lambda: terminate(world.actor(), subscription_id=world.subscription.id))
        )
    assert end.result(PATIENCE) == "terminated"
    assert rows("SELECT state FROM ordering_order WHERE id = %s", [later]) == [("cancelled",)]
    assert differences() == []


def test_a_cancellation_waits_for_the_worker_and_is_refused(world: World) -> None:
    order(world, add(world.seat, 4))
    later = scheduled(world, "terminate")
    fall_due(world)
    with holding() as meanwhile:
        assert apply_due_orders() == 1
        late = meanwhile.start(lambda: cancel(world, later["id"]))
    assert late.result(PATIENCE) == "order-not-cancellable"
    assert state(world) == ("terminated", [])


def test_a_termination_waits_for_a_cancellation_and_does_not_repeat_it(world: World) -> None:
    order(world, add(world.seat))
    later = scheduled(world, "suspend", 5, reason="fraud")
    with holding() as meanwhile:
        assert cancel(world, later["id"]) == "cancelled"
        end = meanwhile.start(
            lambda: said(lambda: terminate(world.actor(), subscription_id=world.subscription.id))
        )
    assert end.result(PATIENCE) == "terminated"
    written = "SELECT type FROM events_event WHERE subject = %s"
    assert Counter(rows(written, [later["id"]]))[("order.cancelled",)] == 1
    audited = "SELECT verb FROM tenancy_auditrecord WHERE object_id = %s"
    assert Counter(rows(audited, [later["id"]]))[("order.cancel",)] == 1
    assert differences() == []


def test_a_worker_waits_for_a_cancellation_and_does_nothing(world: World) -> None:
    later = scheduled(world, "terminate")
    fall_due(world)
    with holding() as meanwhile:
        assert cancel(world, later["id"]) == "cancelled"
        worker = meanwhile.start(apply_due_orders)
    worker.result(PATIENCE)
    assert state(world) == ("active", [])
    assert [each["state"] for each in orders(world)] == ["cancelled"]


def test_cancellations_against_workers(world: World) -> None:
    subscriptions = [make_subscription(world.tenant, f"s{n}") for n in range(8)]
    ids = {each.id: ending(world, 1, each).body["id"] for each in subscriptions}
    fall_due(world)
    outcomes = at_once(
        *[lambda id=id: cancel(world, id) for id in ids.values()],
        lambda: str(apply_due_orders()),
        lambda: str(apply_due_orders()),
    )
    apply_due_orders()
    for each, outcome in zip(subscriptions, outcomes, strict=False):
        [(status,)] = rows("SELECT status FROM tenancy_subscription WHERE id = %s", [each.id])
        expected = {"cancelled": "active", "order-not-cancellable": "terminated"}
        assert status == expected[outcome]
    assert differences() == []


def test_suspending_and_resuming_at_once(world: World) -> None:
    id = world.subscription.id
    for _ in range(4):
        at_once(
            lambda: said(lambda: suspend(world.actor(), subscription_id=id, reason="fraud")),
            lambda: said(lambda: suspend(world.actor(), subscription_id=id, reason="fraud")),
            lambda: said(lambda: suspend(world.actor(), subscription_id=id, reason="customer")),
            lambda: said(lambda: resume(world.actor(), subscription_id=id, reason="fraud")),
            lambda: said(lambda: resume(world.actor(), subscription_id=id)),
        )
        assert differences() == []
    ask(world, "resume")
    assert state(world) == ("active", [])


def _place_for(world: World, other: Subscription, reference: str) -> str:
    action = order(
        world,
        add(world.seat),
        key=f"a {reference}",
        subscription=other,
        external_reference=reference,
    )
    return action[0]


def _suspend_for(world: World, reference: str) -> str:
    actor = world.actor(key=f"b {reference}")
    id = world.subscription.id
    return said(lambda: suspend(actor, subscription_id=id, external_reference=reference))


def test_one_reference_of_a_change_and_a_suspension_at_once(world: World) -> None:
    other = make_subscription(world.tenant, "other")
    for n in range(5):
        outcomes = at_once(
            partial(_place_for, world, other, f"R{n}"),
            partial(_suspend_for, world, f"R{n}"),
        )
        assert sorted(outcomes) in (
            ["external-reference-taken", "placed"],
            ["external-reference-taken", "suspended"],
        )
    assert differences() == []


def test_an_impossible_order_fails_and_does_not_block_others(world: World) -> None:
    """A rule of the database that no look beforehand knows of, as far as an order can."""
    order(world, add(world.seat, 2))
    scheduled(world, "terminate", 1)
    behind = order(world, add(world.seat), effective_at=_instant(2))[1]
    fall_due(world)
    try:
        owner_rows(
            "ALTER TABLE tenancy_subscription ADD CONSTRAINT lives"
            f" CHECK (id <> '{world.subscription.id}' OR status <> 'terminated')"
        )
        assert apply_due_orders() == 2
    finally:
        owner_rows("ALTER TABLE tenancy_subscription DROP CONSTRAINT lives")
    [first, failed, second] = orders(world)
    assert (first["state"], second["state"]) == ("completed", "completed")
    assert (failed["state"], failed["failure"]["code"]) == ("failed", "conflict")
    assert "lives" in failed["failure"]["detail"]
    assert (second["id"], failed["lines"]) == (behind["id"], [])
    assert balance(world, world.user_sku) == (3, 0)
    assert differences() == []
