"""Restorations while others act on the subscription, its numbers, reference or tenant."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, transaction

from fusion.cli.verify import differences
from fusion.kernel.errors import Problem
from fusion.kernel.ids import new_id
from fusion.lifecycle.delete_organization import delete_organization
from fusion.lifecycle.move import move_organization, move_subscription
from fusion.lifecycle.restore import restore
from fusion.lifecycle.terminate import terminate
from fusion.numbers.assign import assign_numbers
from fusion.numbers.restock import restock
from fusion.numbers.sweep import sweep_numbers
from fusion.tenancy.create_subscription import create_subscription
from fusion.tenancy.models import Organization, Subscription
from tests.bounds import PATIENCE
from tests.concurrency.actors import at_once, count_waiting, holding, rows
from tests.lifecycle.restoring import equipped
from tests.lifecycle.test_mirror import mirrored
from tests.numbers.stock import entitle, run_out, statuses
from tests.ordering.placing import events, holdings
from tests.owner import owner_rows
from tests.world import World, make_organization, make_subscription

ROUNDS = 4


def said(action: Callable[[], Any]) -> str:
    """The status that the subscription came to, `done`, or the code of the refusal."""
    try:
        body = action().body
    except Problem as problem:
        return problem.code
    return str((body or {}).get("status", "done"))


def bring_back(world: World, subscription: Subscription | None = None) -> str:
    id = (subscription or world.subscription).id
    return said(lambda: restore(world.actor(), subscription_id=id))


def end(world: World, subscription: Subscription | None = None) -> str:
    id = (subscription or world.subscription).id
    return said(lambda: terminate(world.actor(), subscription_id=id))


def delete(world: World, tenant: Organization) -> str:
    return said(lambda: delete_organization(world.actor(), organization_id=tenant.id))


def move_tenant(world: World, parent_id: UUID) -> str:
    ids = {"organization_id": world.tenant.id, "parent_id": parent_id}
    return said(lambda: move_organization(world.actor(), **ids))


def status(subscription: Subscription) -> str:
    [(found,)] = rows("SELECT status FROM tenancy_subscription WHERE id = %s", [subscription.id])
    return str(found)


def test_of_two_restorations_one_counts(world: World) -> None:
    equipped(world)
    held = holdings(world)
    for _ in range(ROUNDS):
        end(world)
        outcomes = at_once(*[lambda: bring_back(world)] * 3)
        assert sorted(outcomes) == ["active", *["subscription-not-terminated"] * 2]
        assert holdings(world) == held
    assert differences() == []


def test_a_restoration_waits_for_a_termination_and_undoes_it(world: World) -> None:
    equipped(world)
    with holding() as meanwhile:
        assert end(world) == "terminated"
        back = meanwhile.start(lambda: bring_back(world))
    assert back.result(PATIENCE) == "active"
    assert differences() == []


@pytest.mark.parametrize("first", [end, bring_back])
def test_the_feed_has_the_one_that_waited_last(world: World, first: Callable[[World], str]) -> None:
    """Also if its transaction began before: a restoration locks the tenant first."""
    numbers = equipped(world)
    second = bring_back if first is end else end
    if first is bring_back:
        end(world)
    with transaction.atomic():
        rows("SELECT pg_current_xact_id()")
        at_once(lambda: first(world))
        second(world)
    happened = [each["type"] for each in events(world, "subscription.")][-2:]
    expected = ["subscription.terminated", "subscription.restored"]
    assert happened == (expected if first is end else expected[::-1])
    mirror, _ = mirrored(world)
    wanted = "assigned" if second is bring_back else "quarantined"
    assert {mirror.numbers[e164]["status"] for e164 in numbers} == {wanted}
    if second is end:
        back = restore(world.actor(), subscription_id=world.subscription.id).body
        assert (back["restores"]["numbers"], back["not_restored"]["links"]) == (3, 0)


def test_a_termination_waits_for_a_restoration_and_counts(world: World) -> None:
    equipped(world)
    end(world)
    with holding() as meanwhile:
        assert bring_back(world) == "active"
        again = meanwhile.start(lambda: end(world))
    assert again.result(PATIENCE) == "terminated"
    assert holdings(world) == {}
    assert differences() == []


def test_a_restoration_waits_for_a_deletion_of_its_tenant(world: World) -> None:
    end(world)
    with holding() as meanwhile:
        assert delete(world, world.tenant) == "done"
        back = meanwhile.start(lambda: bring_back(world))
    assert back.result(PATIENCE) == "conflict"
    assert status(world.subscription) == "terminated"


def test_a_deletion_of_the_tenant_waits_for_a_restoration(world: World) -> None:
    end(world)
    with holding() as meanwhile:
        assert bring_back(world) == "active"
        deletion = meanwhile.start(lambda: delete(world, world.tenant))
    assert deletion.result(PATIENCE) == "conflict"
    assert differences() == []


def test_restoration_and_deletion_at_once(world: World) -> None:
    for n in range(ROUNDS):
        tenant = make_organization("tenant", world.reseller)
        subscription = make_subscription(tenant, f"s{n}")
        end(world, subscription)
        outcomes = at_once(
            partial(bring_back, world, subscription),
            partial(delete, world, tenant),
        )
        assert outcomes in (["active", "conflict"], ["conflict", "done"])
        assert status(subscription) == {"active": "active", "conflict": "terminated"}[outcomes[0]]
    assert differences() == []


def test_restoration_and_move_of_the_tenant_at_once(world: World) -> None:
    for _ in range(ROUNDS):
        end(world)
        parents = [world.reseller.id, world.group.id]
        tenant = Organization.objects.unscoped("test").get(id=world.tenant.id)
        parent = parents[0] if tenant.parent_id == parents[1] else parents[1]
        outcomes = at_once(
            lambda: bring_back(world),
            partial(move_tenant, world, parent),
        )
        assert outcomes == ["active", "done"]
    assert differences() == []


def test_of_a_subscription_that_went_to_another_tenant_meanwhile(world: World) -> None:
    """It locked the tenant of before: it must not go on under one that may be deleted."""
    other = make_organization("tenant", world.reseller)
    ids = {"subscription_id": world.subscription.id, "tenant_id": other.id}
    end(world)
    with holding() as meanwhile:
        assert bring_back(world) == "active"
        late = meanwhile.start(lambda: bring_back(world))
        assert said(lambda: move_subscription(world.actor(), **ids)) == "active"
        assert end(world) == "terminated"
    assert late.result(PATIENCE) == "conflict"
    assert bring_back(world) == "active"
    assert differences() == []


def test_restoration_waits_for_the_end_of_a_quarantine(world: World) -> None:
    numbers = equipped(world)
    end(world)
    run_out(numbers[0])
    with holding() as meanwhile:
        assert sweep_numbers() == 1
        back = meanwhile.start(
            lambda: restore(world.actor(), subscription_id=world.subscription.id).body
        )
    lost = back.result(PATIENCE)["not_restored"]["numbers"]
    assert lost == [{"e164": numbers[0], "reason": "free"}]
    assert statuses(*numbers) == ["free", "assigned", "assigned"]
    assert differences() == []


def test_the_sweep_passes_over_a_restoration(world: World) -> None:
    numbers = equipped(world)
    end(world)
    run_out(*numbers)
    with holding():
        assert bring_back(world) == "active"
        assert at_once(sweep_numbers) == [0]
    assert sweep_numbers() == 0
    assert statuses(*numbers) == ["assigned"] * 3
    assert differences() == []


def test_the_same_number_for_another_subscription_at_once(world: World) -> None:
    """Somebody puts it back into stock and gives it away, or it comes back: never both."""
    [e164, *_] = equipped(world)
    other = make_subscription(world.tenant, "other")
    entitle(world, ROUNDS, other)

    def give_away() -> str:
        stocked = said(lambda: restock(world.actor(), e164=e164, reason="Mistake"))
        taken = said(
            lambda: assign_numbers(
                world.actor(key=str(new_id())), subscription_id=other.id, numbers=[e164]
            )
        )
        return f"{stocked}, {taken}"

    end(world)
    outcomes = at_once(lambda: bring_back(world), give_away)
    assert outcomes[0] == "active"
    [(holder,)] = rows("SELECT subscription_id FROM numbers_number WHERE e164 = %s", [e164])
    is_lost = outcomes[1] == "free, done"
    assert is_lost or outcomes[1] == "number-not-available, number-not-available"
    assert holder == (other.id if is_lost else world.subscription.id)
    assert differences() == []


def test_the_same_reference_at_once(world: World) -> None:
    for n in range(ROUNDS):
        reference = f"R{n}"
        mine = create(world, reference)
        end(world, mine)
        outcomes = at_once(
            partial(bring_back, world, mine),
            partial(said, partial(created, world, reference)),
        )
        assert sorted(outcomes) == ["active", "external-reference-taken"]
    assert differences() == []


def created(world: World, reference: str) -> Any:
    return create_subscription(
        world.actor(), tenant_id=world.tenant.id, name="New", external_reference=reference
    )


def create(world: World, reference: str) -> Subscription:
    id = created(world, reference).body["id"]
    return Subscription.objects.unscoped("test").get(id=id)


TABLES = (
    "tenancy_hold",
    "ordering_order",
    "ordering_orderline",
    "ledger_balance",
    "ordering_holding",
    "numbers_number",
    "events_event",
    "tenancy_auditrecord",
)


@pytest.mark.parametrize("table", TABLES)
def test_a_backend_ended_at_any_of_its_writes_left_nothing(world: World, table: str) -> None:
    """A lock on the table stops the restoration just there, with all its writes before it done."""
    equipped(world)
    at_suspension(world)
    end(world)
    before = world.fingerprint()

    def back() -> str:
        try:
            return bring_back(world)
        except DatabaseError as error:
            return type(error.__cause__).__name__

    with holding() as meanwhile:
        owner_rows(f"LOCK TABLE {table} IN SHARE MODE")
        late = meanwhile.start(back)
        assert count_waiting() == 1
        owner_rows("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted")
        assert late.result(PATIENCE) == "AdminShutdown"
    assert world.fingerprint() == before
    assert bring_back(world) == "suspended"
    assert differences() == []


def at_suspension(world: World) -> None:
    path = f"/subscriptions/{world.subscription.id}/suspend"
    assert world.call("POST", path, {"reason": "fraud"}).status_code == 200


SENDER = """
import sys, django
django.setup()
from uuid import UUID
from fusion.access.actor import system_actor
from fusion.lifecycle.restore import restore
group, subscription = map(UUID, sys.argv[1:])
restore(system_actor(group, "test"), subscription_id=subscription)
"""


@pytest.mark.parametrize("table", ["ordering_holding", "tenancy_auditrecord"])
def test_a_process_that_was_killed_left_nothing(world: World, table: str) -> None:
    equipped(world)
    end(world)
    before = world.fingerprint()
    names = [str(world.group.id), str(world.subscription.id)]
    with holding():
        owner_rows(f"LOCK TABLE {table} IN SHARE MODE")
        process = subprocess.Popen(
            [sys.executable, "-c", SENDER, *names],
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "fusion.settings"},
        )
        until = time.monotonic() + PATIENCE
        while not count_waiting():
            assert time.monotonic() < until, "it did not come so far"
            time.sleep(0.05)
        process.kill()
        process.wait(PATIENCE)
    assert world.fingerprint() == before
    assert bring_back(world) == "active"
    assert differences() == []
