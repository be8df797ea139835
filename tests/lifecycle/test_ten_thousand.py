"""Terminating a subscription of ten thousand users: one transaction, whole or not at all."""

import time
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection

from fusion.cli.verify import differences
from fusion.kernel.clock import now
from fusion.lifecycle.apply_due import apply_due_orders
from fusion.lifecycle.schedule import schedule
from fusion.lifecycle.terminate import terminate
from fusion.numbers.models import Number, Range
from fusion.ordering.models import TERMINATION
from tests.bounds import drain
from tests.concurrency.actors import count_waiting, holding, rows
from tests.contract.stage import trunk_of
from tests.lifecycle.dating import fall_due
from tests.numbers.stock import french
from tests.ordering.placing import line, placed
from tests.owner import owner_rows
from tests.users.staff import provision_batches, row, submitted
from tests.world import World, answer

USERS = 10_000
FIRST = 33162_000000
"""Numbers that no other test has."""

WRITES = ("ledger_entry", "numbers_number", "users_link", "events_event", "ordering_order")

pytestmark = pytest.mark.long

PATIENCE = 20
"""Seconds: many times what it takes, and what nobody would wait for."""


@pytest.fixture
def crowded(world: World) -> World:
    """Ten thousand linked users, a number routed to a trunk, and a scheduled order."""
    sku = french(world)
    placed(world, line(world.product("crowd", {world.user_sku: 1, sku: 1}), USERS + 1))
    made = Range(group_id=world.group.id, sku=sku, first=FIRST, last=FIRST + USERS)
    made.save(force_insert=True)
    numbers = [f"+{number}" for number in range(FIRST, FIRST + USERS + 1)]
    Number.objects.unscoped("test").bulk_create(
        Number(e164=e164, group_id=world.group.id, sku_id=sku.id, range_id=made.id)
        for e164 in numbers
    )
    for start in range(0, len(numbers), 1000):
        body = {"numbers": numbers[start : start + 1000]}
        response = world.call("POST", f"/subscriptions/{world.subscription.id}/numbers", body)
        assert response.status_code == 201, response.content
    batch = [row(f"user {n}", number) for n, number in enumerate(numbers[:USERS])]
    id = submitted(world, batch)
    drain(provision_batches)
    answered = answer(world.call("GET", f"/jobs/{id}"))
    assert (answered["state"], answered["done"], answered["failed"]) == ("finished", USERS, 0)
    routed = f"{trunk_of(world, world.subscription)}/numbers/{numbers[USERS]}"
    path = f"/subscriptions/{world.subscription.id}/trunks/{routed}"
    assert world.call("PUT", path).status_code == 200
    placed(world, line(world.seat, 1), effective_at="2029-01-01T00:00:00Z")
    return world


def end(world: World) -> str:
    """Terminate; what stood in the way."""
    try:
        terminate(world.actor(), subscription_id=world.subscription.id)
    except DatabaseError as error:
        return type(error.__cause__).__name__
    finally:
        connection.close()
    return "done"


def state(world: World) -> list[tuple[object, ...]]:
    """What a termination changes, in sums."""
    return rows(
        """
        SELECT (SELECT json_agg(json_build_array(sku, granted, used) ORDER BY sku)::text
                FROM ledger_balance WHERE subscription_id = s.id),
               (SELECT json_agg(json_build_array(n.status, n.count, n.users, n.trunks))::text
                FROM (SELECT status, count(*), count(user_id) AS users, count(trunk_id) AS trunks
                      FROM numbers_number WHERE subscription_id = s.id GROUP BY 1) n),
               (SELECT count(*) FROM users_link WHERE subscription_id = s.id
                AND unlinked_at IS NULL),
               (SELECT count(*) FROM users_user WHERE subscription_id = s.id),
               (SELECT json_agg(json_build_array(e.type, e.count) ORDER BY e.type)::text
                FROM (SELECT type, count(*) FROM events_event WHERE subscription_id = s.id
                      GROUP BY 1) e),
               (SELECT json_agg(json_build_array(o.state, o.count) ORDER BY o.state)::text
                FROM (SELECT state, count(*) FROM ordering_order WHERE subscription_id = s.id
                      GROUP BY 1) o),
               s.status
        FROM tenancy_subscription s WHERE s.id = %s
        """,
        [world.subscription.id],
    )


@pytest.mark.once
def test_ten_thousand_users(crowded: World) -> None:
    world, before = crowded, state(crowded)
    for table in WRITES:  # killed at each of its writes: nothing of it has happened
        with holding() as meanwhile:
            owner_rows(f"LOCK TABLE {table} IN SHARE MODE")
            late = meanwhile.start(lambda: end(world))
            assert count_waiting() == 1
            owner_rows("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted")
            assert late.result(PATIENCE) == "AdminShutdown", table
        assert state(world) == before, table
    # On a date it is one transaction of the worker's.
    schedule(
        world.actor(),
        kind=TERMINATION,
        subscription_id=world.subscription.id,
        effective_at=now() + timedelta(minutes=9),
    )
    fall_due(world)
    began = time.monotonic()
    assert apply_due_orders() == 1
    assert time.monotonic() - began < PATIENCE
    ((balances, numbers, links, users, events, orders, status),) = state(world)
    assert balances == '[["fr-geographic", 0, 0], ["user", 0, 0]]'
    assert numbers == f'[["quarantined", {USERS + 1}, 0, 0]]'
    assert (links, users, status) == (0, USERS, "terminated")
    assert f'["user.unlinked", {USERS}]' in str(events)
    assert f'["number.released", {USERS + 1}]' in str(events)
    assert '["subscription.terminated", 1]' in str(events)
    assert orders == '[["cancelled", 1], ["completed", 2]]'
    assert differences() == []
