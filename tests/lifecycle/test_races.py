"""Two actors at the same instant: ending something against using it."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, connections, transaction

from fusion.accounts.create_member import create_member
from fusion.accounts.models import Member
from fusion.clients.create_client import create_client
from fusion.clients.models import ApiClient
from fusion.kernel.errors import Problem
from fusion.lifecycle.delete_organization import delete_organization
from fusion.lifecycle.terminate import terminate
from fusion.tenancy.create_organization import create_organization
from fusion.tenancy.create_subscription import create_subscription
from fusion.tenancy.models import Organization, Subscription
from fusion.tenancy.queries import lock_subscription
from tests.bounds import PATIENCE
from tests.lifecycle.test_states import act, balances, order
from tests.tenancy.acting import at_once, closing, events, somebody_waits
from tests.world import World, answer, make_organization


def test_an_order_that_came_second_is_refused(world: World) -> None:
    world.token(world.group)
    order(world, 4)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            terminate(world.actor(), subscription_id=world.subscription.id)
            late = pool.submit(closing(lambda: order(world, 3)))
            somebody_waits()
        response = late.result(PATIENCE)
    assert (response.status_code, answer(response)["code"]) == (409, "subscription-terminated")
    assert balances(world) == [("be-geographic", 0, 0), ("user", 0, 0)]


def test_an_order_placed_before_is_undone(world: World) -> None:
    world.token(world.group)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            lock_subscription(world.actor(), world.subscription.id)
            late = pool.submit(closing(lambda: act(world, "terminate")))
            somebody_waits()
            assert order(world, 3).status_code == 201
        response = late.result(PATIENCE)
    assert answer(response)["status"] == "terminated"
    assert balances(world) == [("be-geographic", 0, 0), ("user", 0, 0)]


def test_terminate_against_orders(world: World) -> None:
    world.token(world.group)
    order(world, 1)
    order(world, 1, effective_at="2029-01-01T00:00:00Z")
    ended, ended_too, *orders = at_once(
        lambda: act(world, "terminate"),
        lambda: act(world, "terminate"),
        *[lambda: order(world, 2) for _ in range(6)],
    )
    assert (ended.status_code, ended_too.status_code) == (200, 200)
    for response in orders:
        assert response.status_code == 201 or answer(response)["code"] == "subscription-terminated"
    assert balances(world) == [("be-geographic", 0, 0), ("user", 0, 0)]
    ends = [type for type, *_ in events(world) if type == "subscription.terminated"]
    assert len(ends) == 1


def alive_under_the_dead(world: World) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM tenancy_organization d WHERE d.group_id = %(group)s"
            " AND d.status = 'deleted' AND (EXISTS (SELECT FROM tenancy_organization o"
            "  WHERE o.parent_id = d.id AND o.status = 'active')"
            " OR EXISTS (SELECT FROM tenancy_subscription s WHERE s.tenant_id = d.id"
            "  AND s.status <> 'terminated')"
            " OR EXISTS (SELECT FROM tenancy_member m WHERE m.organization_id = d.id)"
            " OR EXISTS (SELECT FROM tenancy_apiclient c WHERE c.organization_id = d.id))",
            {"group": world.group.id},
        )
        count: int = cursor.fetchone()[0]
        return count


@pytest.mark.parametrize("what", ["organization", "subscription", "member", "client"])
def test_nothing_is_created_under_an_organization_being_deleted(world: World, what: str) -> None:
    actor = world.actor()
    for _ in range(5):
        kind = "tenant" if what == "subscription" else "reseller"
        doomed = make_organization(kind, world.distributor)

        def create(doomed: Organization = doomed) -> Any:
            if what == "organization":
                return create_organization(actor, kind="tenant", parent_id=doomed.id, name="T")
            if what == "subscription":
                return create_subscription(actor, tenant_id=doomed.id, name="S")
            if what == "member":
                email = f"{doomed.id.hex}@example.org"
                return create_member(actor, organization_id=doomed.id, email=email, role="agent")
            return create_client(actor, organization_id=doomed.id, name="C", scopes=["orders:read"])

        def delete(doomed: Organization = doomed) -> Any:
            return delete_organization(actor, organization_id=doomed.id)

        outcomes = at_once(create, delete, create, delete)
        for outcome in outcomes:
            assert not isinstance(outcome, Exception) or isinstance(outcome, Problem), outcome
        assert alive_under_the_dead(world) == 0


def test_a_creation_waits_for_a_deletion_and_is_refused(world: World) -> None:
    doomed = make_organization("tenant", world.reseller)
    actor = world.actor()
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            delete_organization(actor, organization_id=doomed.id)
            late = pool.submit(
                closing(lambda: create_subscription(actor, tenant_id=doomed.id, name="Late"))
            )
            somebody_waits()
        with pytest.raises(Problem) as problem:
            late.result(PATIENCE)
    assert problem.value.code == "not-found"
    assert alive_under_the_dead(world) == 0


def test_a_deletion_waits_for_a_creation_and_is_refused(world: World) -> None:
    doomed = make_organization("tenant", world.reseller)
    actor = world.actor()
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            create_subscription(actor, tenant_id=doomed.id, name="In time")
            late = pool.submit(
                closing(lambda: delete_organization(actor, organization_id=doomed.id))
            )
            somebody_waits()
        with pytest.raises(Problem, match="1 active subscription"):
            late.result(PATIENCE)
    assert alive_under_the_dead(world) == 0


def test_deleting_a_branch_while_it_gets_organizations(world: World) -> None:
    actor = world.actor()
    reseller = make_organization("reseller", world.distributor)
    tenant = make_organization("tenant", reseller)
    stop = threading.Event()

    def grow() -> None:
        try:
            deadline = time.monotonic() + PATIENCE
            while not stop.is_set() and time.monotonic() < deadline:
                try:
                    create_organization(actor, kind="tenant", parent_id=reseller.id, name="T")
                except Problem:
                    return
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        growing = pool.submit(grow)
        delete_organization(actor, organization_id=tenant.id)
        for _ in range(5):
            try:
                delete_organization(actor, organization_id=reseller.id)
            except Problem as problem:
                assert problem.code == "conflict"
        stop.set()
        growing.result(10)
    assert alive_under_the_dead(world) == 0
    assert Member.objects.unscoped("test").filter(organization_id=tenant.id).count() == 0
    assert ApiClient.scoped.unscoped("test").filter(organization_id=tenant.id).count() == 0
    assert Subscription.objects.unscoped("test").filter(tenant_id=tenant.id).count() == 0
