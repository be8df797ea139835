"""Scheduled orders and several workers: each order once, those of a subscription in their order."""

from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from fusion.cli.verify import differences
from fusion.kernel.clock import now
from fusion.kernel.errors import Problem
from fusion.lifecycle.apply_due import apply_due_orders
from fusion.ordering.cancel import cancel_order
from tests.bounds import PATIENCE
from tests.concurrency.actors import add, at_once, balance, holding, order, remove, rows
from tests.world import World, make_subscription

APPLIED = """
SELECT o.id FROM ordering_order o
JOIN ledger_entry e ON e.order_id = o.id AND e.sku_id = %s
WHERE o.subscription_id = %s ORDER BY e.sequence
"""
EXPECTED = """
SELECT id FROM ordering_order WHERE subscription_id = %s AND state = 'completed'
ORDER BY effective_at, placed_at, id
"""


def schedule(world: World, *lines: Any, hours: int = 1, **more: Any) -> UUID:
    """Place an order for later; its id."""
    code, document = order(world, *lines, effective_at=now() + timedelta(hours=hours), **more)
    assert code == "placed", document
    return UUID(document["id"])


def fall_due(world: World, but: UUID | None = None) -> None:
    """Let days go by, in which no worker runs; `but` is due later than that."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE ordering_order SET effective_at = effective_at - interval '9 days'"
            " WHERE group_id = %s AND state = 'scheduled' AND id IS DISTINCT FROM %s",
            [world.group.id, but],
        )


def state_of(id: UUID) -> tuple[Any, ...]:
    """(state, failure's code)."""
    [row] = rows("SELECT state, failure ->> 'code' FROM ordering_order WHERE id = %s", [id])
    return row


def test_several_workers_apply_each_order_once_and_in_order(world: World) -> None:
    subscriptions = [make_subscription(world.tenant, f"s{i}") for i in range(3)]
    for n in range(20):
        for each in subscriptions:
            schedule(world, add(world.seat, n + 1), hours=1 + (7 * n) % 5, subscription=each)
    fall_due(world)
    settled = at_once(*[apply_due_orders] * 5)
    assert sum(settled) >= 60  # others may have left some, too
    assert sum(count > 0 for count in settled) > 1, "one worker did it all"
    for each in subscriptions:
        assert rows(APPLIED, [world.user_sku.id, each.id]) == rows(EXPECTED, [each.id])
        assert balance(world, world.user_sku, each.id) == (210, 0)
        events = rows(
            "SELECT subject, count(*) FROM events_event WHERE subscription_id = %s"
            " AND type = 'order.completed' GROUP BY 1",
            [each.id],
        )
        assert Counter(count for _, count in events) == {1: 20}
    assert rows(
        "SELECT count(*) FROM ordering_order WHERE group_id = %s AND state = 'scheduled'"
        " AND effective_at <= now()",
        [world.group.id],
    ) == [(0,)]
    assert differences() == []


def test_an_impossible_order_does_not_block_others(world: World) -> None:
    first = schedule(world, add(world.seat, 2), hours=1)
    impossible = schedule(world, remove(world.seat, 5), hours=2, external_reference="R-1")
    behind = schedule(world, remove(world.seat, 2), hours=3)
    fall_due(world)
    assert apply_due_orders() >= 3  # orders of other tests may fall due now
    assert state_of(first) == state_of(behind) == ("completed", None)
    assert state_of(impossible) == ("failed", "not-held")
    assert balance(world, world.user_sku) == (0, 0)
    types = rows(
        "SELECT type FROM events_event WHERE subject = ANY (%s) AND type <> 'order.scheduled'"
        " ORDER BY id",
        [[str(first), str(impossible), str(behind)]],
    )
    assert types == [("order.completed",), ("order.failed",), ("order.completed",)]
    # A failed order's reference is free again.
    assert order(world, add(world.seat), external_reference="R-1")[0] == "placed"


def test_a_busy_subscription_is_passed_over_and_comes_later(world: World) -> None:
    busy, free = (make_subscription(world.tenant, name) for name in ("busy", "free"))
    late = schedule(world, add(world.seat), subscription=busy)
    soon = schedule(world, add(world.seat), hours=2, subscription=free)
    fall_due(world)
    with holding():
        order(world, add(world.seat), subscription=busy)
        at_once(apply_due_orders)
        assert state_of(soon) == ("completed", None)
        assert state_of(late) == ("scheduled", None)
    apply_due_orders()
    assert state_of(late) == ("completed", None)


def _cancel(world: World, id: UUID) -> str:
    try:
        return str(cancel_order(world.actor(), order_id=id).body["state"])
    except Problem as problem:
        return problem.code


def test_cancelling_waits_for_a_worker_and_is_refused(world: World) -> None:
    id = schedule(world, add(world.seat))
    fall_due(world)
    with holding() as meanwhile:
        apply_due_orders()
        late = meanwhile.start(lambda: _cancel(world, id))
    assert late.result(PATIENCE) == "order-not-cancellable"
    assert state_of(id) == ("completed", None)
    assert balance(world, world.user_sku) == (1, 0)


def test_a_worker_waits_for_a_cancellation_and_goes_on_with_the_next(world: World) -> None:
    id = schedule(world, add(world.seat))
    next = schedule(world, add(world.seat), hours=2)
    fall_due(world)
    with holding() as meanwhile:
        assert _cancel(world, id) == "cancelled"
        worker = meanwhile.start(apply_due_orders)
    worker.result(PATIENCE)
    assert state_of(id) == ("cancelled", None)
    assert state_of(next) == ("completed", None)
    assert balance(world, world.user_sku) == (1, 0)


def test_cancellations_against_workers(world: World) -> None:
    ids = [schedule(world, add(world.seat)) for _ in range(16)]
    fall_due(world)
    actions = [lambda id=id: _cancel(world, id) for id in ids]
    outcomes = at_once(*actions, lambda: str(apply_due_orders()), lambda: str(apply_due_orders()))
    apply_due_orders()
    for id, outcome in zip(ids, outcomes, strict=False):
        expected = "cancelled" if outcome == "cancelled" else "completed"
        assert state_of(id) == (expected, None)
    completed = outcomes.count("order-not-cancellable")
    assert balance(world, world.user_sku) == (completed, 0)
    assert differences() == []
