"""A subscription is terminated while orders for it are placed, scheduled and applied."""

from collections import Counter
from datetime import datetime, timedelta
from functools import partial

from django.db import connection

from fusion.cli.verify import differences
from fusion.kernel.clock import now
from fusion.lifecycle.apply_due import apply_due_orders
from fusion.lifecycle.terminate import terminate
from tests.bounds import PATIENCE
from tests.concurrency.actors import add, at_once, balance, holding, order, rows
from tests.world import World, make_subscription


def _schedule(world: World, later: datetime) -> str:
    return order(world, add(world.seat), effective_at=later)[0]


def _end(world: World) -> str:
    status: str = terminate(world.actor(), subscription_id=world.subscription.id).body["status"]
    return status


def test_termination_waits_for_an_order_under_way_and_undoes_it(world: World) -> None:
    with holding() as meanwhile:
        assert order(world, add(world.seat, 3))[0] == "placed"
        ending = meanwhile.start(lambda: _end(world))
    assert ending.result(PATIENCE) == "terminated"
    assert balance(world, world.user_sku) == (0, 0)
    [(lines,)] = rows(
        "SELECT array_agg(l.quantity) FROM ordering_order o JOIN ordering_orderline l"
        " ON l.order_id = o.id WHERE o.group_id = %s AND o.kind = 'termination'",
        [world.group.id],
    )
    assert lines == [3]


def test_an_order_waits_for_a_termination_under_way_and_is_refused(world: World) -> None:
    order(world, add(world.seat, 3))
    with holding() as meanwhile:
        _end(world)
        at_last = meanwhile.start(lambda: order(world, add(world.seat)))
        later = meanwhile.start(
            lambda: order(world, add(world.seat), effective_at=now() + timedelta(days=1))
        )
    assert {at_last.result(PATIENCE)[0], later.result(PATIENCE)[0]} == {"subscription-terminated"}
    assert balance(world, world.user_sku) == (0, 0)


def test_termination_against_everything(world: World) -> None:
    for n in range(8):
        world.subscription = make_subscription(world.tenant, f"s{n}")
        order(world, add(world.seat, 2))
        for hours in range(1, 4):
            order(world, add(world.seat), effective_at=now() + timedelta(hours=hours))
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE ordering_order SET effective_at = effective_at - interval '1 day'"
                " WHERE subscription_id = %s AND state = 'scheduled'",
                [world.subscription.id],
            )
        later = now() + timedelta(days=1)
        outcomes = at_once(
            lambda: _end(world),
            lambda: _end(world),
            lambda: order(world, add(world.seat))[0],
            partial(_schedule, world, later),
            lambda: str(apply_due_orders()),
        )
        assert outcomes[:2] == ["terminated"] * 2
        assert set(outcomes[2:4]) <= {"placed", "subscription-terminated"}
        states = Counter(
            rows(
                "SELECT kind, state FROM ordering_order WHERE subscription_id = %s",
                [world.subscription.id],
            )
        )
        assert states["termination", "completed"] == 1
        assert states["change", "scheduled"] == 0
        assert balance(world, world.user_sku) == (0, 0)
    assert differences() == []
