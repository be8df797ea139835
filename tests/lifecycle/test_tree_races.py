"""Moves in the tree against everything else at the same instant."""

from collections.abc import Callable
from typing import Any

import pytest

from fusion.access.use_case import Answer
from fusion.cli.verify import differences
from fusion.kernel.errors import Problem
from fusion.lifecycle.move import move_organization, move_subscription
from fusion.tenancy.create_organization import create_organization
from fusion.tenancy.create_subscription import create_subscription
from fusion.tenancy.models import Organization, Subscription
from tests.bounds import PATIENCE
from tests.concurrency.actors import at_once, holding
from tests.lifecycle.tree_moves import feed, move, moves_seen
from tests.ordering.placing import line, place
from tests.world import World, answer, make_organization, make_subscription


def moving(world: World, moved: Organization, to: Organization) -> Answer:
    return move_organization(world.actor(), organization_id=moved.id, parent_id=to.id)


def read(row: Any) -> Any:
    """The row as it is now."""
    return type(row).objects.unscoped("test").get(id=row.id)


CREATED: dict[str, Callable[[World], Answer]] = {
    "subscription": lambda world: create_subscription(
        world.actor(), tenant_id=world.tenant.id, name="New"
    ),
    "tenant": lambda world: create_organization(
        world.actor(), kind="tenant", parent_id=world.reseller.id, name="New"
    ),
}


@pytest.mark.parametrize("what", CREATED)
def test_what_is_created_during_a_move_belongs_to_the_new_side(world: World, what: str) -> None:
    other = make_organization("distributor", world.group)
    with holding() as meanwhile:
        moving(world, world.reseller, other)
        late = meanwhile.start(lambda: CREATED[what](world))
    made = late.result(PATIENCE).body
    noun = "organizations" if what == "tenant" else "subscriptions"
    for by, status in ((world.distributor, 404), (other, 200)):
        assert world.call("GET", f"/{noun}/{made['id']}", by=by).status_code == status
    assert made["id"] not in {each["subject"] for each in feed(world, world.distributor)}
    assert made["id"] in {each["subject"] for each in feed(world, other)}
    assert differences() == []


@pytest.mark.parametrize("what", CREATED)
def test_a_move_takes_along_what_is_being_created(world: World, what: str) -> None:
    other = make_organization("distributor", world.group)
    with holding() as meanwhile:
        made = CREATED[what](world).body
        late = meanwhile.start(lambda: moving(world, world.reseller, other))
    late.result(PATIENCE)
    assert made["id"] in {each[1] for each in moves_seen(world, other)}
    assert differences() == []


def test_an_order_during_a_move_is_the_new_side_s(world: World) -> None:
    world.token(world.group)
    other = make_organization("distributor", world.group)
    with holding() as meanwhile:
        moving(world, world.reseller, other)
        late = meanwhile.start(lambda: place(world, line(world.seat)))
    order = answer(late.result(PATIENCE))
    assert world.call("GET", f"/orders/{order['id']}", by=world.distributor).status_code == 404
    assert world.call("GET", f"/orders/{order['id']}", by=other).status_code == 200
    assert order["id"] not in {each["subject"] for each in feed(world, world.distributor)}
    assert order["id"] in {each["subject"] for each in feed(world, other)}


def test_a_number_of_the_former_side_during_a_move(world: World) -> None:
    """Who lost sight while it waited gets the same answer as one who comes later."""
    world.token(world.distributor)
    other = make_organization("distributor", world.group)
    path = f"/subscriptions/{world.subscription.id}/numbers"
    body = {"sku": "be-geographic", "quantity": 1}
    with holding() as meanwhile:
        moving(world, world.reseller, other)
        late = meanwhile.start(lambda: world.call("POST", path, body, by=world.distributor))
    assert late.result(PATIENCE).status_code == 404


def test_opposite_moves_do_not_deadlock(world: World) -> None:
    other = make_organization("reseller", world.group)
    tenants = [world.tenant, make_organization("tenant", other)]
    subscriptions = [world.subscription, make_subscription(tenants[1])]
    actor = world.actor()

    def organization(nth: int, to: Organization) -> Callable[[], Answer]:
        id = tenants[nth].id
        return lambda: move_organization(actor, organization_id=id, parent_id=to.id)

    def subscription(nth: int, to: Organization) -> Callable[[], Answer]:
        id = subscriptions[nth].id
        return lambda: move_subscription(actor, subscription_id=id, tenant_id=to.id)

    for _ in range(5):
        answers = at_once(
            organization(0, other),
            organization(1, world.reseller),
            subscription(0, tenants[1]),
            subscription(1, tenants[0]),
            lambda: create_subscription(actor, tenant_id=world.tenant.id, name="New"),
            organization(0, world.reseller),
            organization(1, other),
            lambda: moving(world, world.reseller, world.group),
            lambda: moving(world, world.reseller, world.distributor),
        )
        assert {each.status for each in answers} == {200, 201}
    assert differences() == []


def test_a_parent_that_is_being_deleted(world: World) -> None:
    other = make_organization("distributor", world.group)
    with holding() as meanwhile:
        assert world.call("DELETE", f"/organizations/{other.id}").status_code == 204
        late = meanwhile.start(lambda: _outcome(lambda: moving(world, world.reseller, other)))
    assert late.result(PATIENCE) == "not-found"
    assert read(world.reseller).parent_id == world.distributor.id


def test_a_termination_during_a_move(world: World) -> None:
    tenant = make_organization("tenant", world.group)
    terminate = f"/subscriptions/{world.subscription.id}/terminate"
    with holding() as meanwhile:
        assert world.call("POST", terminate).status_code == 200
        late = meanwhile.start(
            lambda: _outcome(
                lambda: move_subscription(
                    world.actor(), subscription_id=world.subscription.id, tenant_id=tenant.id
                )
            )
        )
    assert late.result(PATIENCE) == "subscription-terminated"


def test_two_moves_of_one_object_follow_each_other(world: World) -> None:
    there = [make_organization("distributor", world.group) for _ in range(2)]
    at_once(*[lambda to=to: move(world, world.reseller, to) for to in there])
    reseller = read(world.reseller)
    assert reseller.parent_id in {each.id for each in there}
    subscription: Subscription = read(world.subscription)
    assert subscription.path == f"{reseller.path}{world.tenant.id.hex}/"
    for each in there:
        arrived = [direction for *_, direction in moves_seen(world, each)]
        assert arrived[:3] == ["arrived"] * 3
        assert (arrived[3:] == ["left"] * 3) == (each.id != reseller.parent_id)
    assert differences() == []


def _outcome(call: Callable[[], Answer]) -> Any:
    try:
        return call().status
    except Problem as problem:
        return problem.code
