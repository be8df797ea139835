"""An organization does not lose its last administrator by its own people, in whatever way."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import transaction

from fusion.access.actor import ADMINISTRATOR, AGENT, KINDS, VIEWER, Actor
from fusion.accounts.change_role import change_role
from fusion.accounts.models import Member, User
from fusion.accounts.remove_member import leave_organization, remove_member
from fusion.kernel.errors import Problem
from tests.accounts.inviting import accept, id_of, invite, member_of
from tests.bounds import PATIENCE
from tests.tenancy.acting import at_once, closing, refused, somebody_waits
from tests.world import World, answer


def remove(actor: Actor, target: Actor) -> Any:
    return remove_member(actor, organization_id=target.organization_id, member_id=id_of(target))


def lower(actor: Actor, target: Actor) -> Any:
    return change_role(
        actor, organization_id=target.organization_id, member_id=id_of(target), role=AGENT
    )


def leave(actor: Actor, target: Actor) -> Any:
    assert actor == target
    return leave_organization(actor)


WAYS = {"remove": remove, "lower": lower, "leave": leave}
"""Every way in which an organization can lose an administrator."""


def administrators(actor: Actor) -> int:
    """How many the organization of `actor` has."""
    rows = Member.objects.unscoped("test")
    return rows.filter(organization_id=actor.organization_id, role=ADMINISTRATOR).count()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", KINDS)
def test_oneself(world: World, kind: str, way: str) -> None:
    only = member_of(world, kind)
    member_of(world, kind, AGENT)
    invite(only, getattr(world, kind), ADMINISTRATOR)  # has not accepted: does not count
    before = world.fingerprint()
    with pytest.raises(Problem, match="You are the last administrator") as answered:
        WAYS[way](only, only)
    assert answered.value.code == "conflict"
    assert world.fingerprint() == before


@pytest.mark.parametrize("kind", KINDS)
def test_by_a_client_of_the_organization(world: World, kind: str) -> None:
    only = member_of(world, kind)
    path = f"/organizations/{only.organization_id}/members/{id_of(only)}"
    own = getattr(world, kind)
    world.token(own)
    before = world.fingerprint()
    refused(world, world.call("DELETE", path, by=own), 409, "conflict", before)
    body = {"role": "viewer"}
    refused(world, world.call("PATCH", path, body, by=own), 409, "conflict", before)
    assert world.call("PATCH", path, {"role": "administrator"}, by=own).status_code == 200


@pytest.mark.parametrize("way", ["remove", "lower"])
@pytest.mark.parametrize("kind", KINDS[1:])
def test_organizations_above_may_remove_the_last_administrator(
    world: World, kind: str, way: str
) -> None:
    only = member_of(world, kind)
    WAYS[way](member_of(world, "group"), only)
    assert administrators(only) == 0


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", KINDS)
def test_one_of_two_may_go(world: World, kind: str, way: str) -> None:
    first, second = member_of(world, kind), member_of(world, kind)
    WAYS[way](first, first)
    assert administrators(second) == 1
    with pytest.raises(Problem, match="last administrator"):
        WAYS[way](second, second)


def test_a_closed_account_does_not_count_as_administrator(world: World) -> None:
    closed, only = member_of(world, "tenant"), member_of(world, "tenant")
    User.objects.filter(memberships__id=id_of(closed)).update(is_active=False)
    with pytest.raises(Problem, match="last administrator"):
        leave_organization(only)


@pytest.mark.parametrize("first", WAYS)
@pytest.mark.parametrize("second", WAYS)
@pytest.mark.parametrize("kind", ["group", "tenant"])
def test_two_at_once(world: World, kind: str, first: str, second: str) -> None:
    """Each against the other, or each for themselves: one stays."""
    a, b = member_of(world, kind), member_of(world, kind)
    of_a = b if first != "leave" else a
    of_b = a if second != "leave" else b
    if of_a == of_b:  # both end the same membership: the other is left whatever happens
        of_b = b
        second = "leave"
    outcomes = at_once(lambda: WAYS[first](a, of_a), lambda: WAYS[second](b, of_b))
    unexpected = [each for each in outcomes if not isinstance(each, Problem)]
    assert len(unexpected) >= 1, outcomes
    assert administrators(a) >= 1, outcomes


@pytest.mark.parametrize("kind", KINDS)
def test_the_second_waits_and_is_refused(world: World, kind: str) -> None:
    a, b = member_of(world, kind), member_of(world, kind)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            remove(a, b)
            late = pool.submit(closing(lambda: leave_organization(a)))
            somebody_waits()
        with pytest.raises(Problem, match="You are the last administrator"):
            late.result(PATIENCE)
    assert administrators(a) == 1


def test_a_second_administrator_allows_removing_the_first(world: World) -> None:
    only = member_of(world, "reseller")
    made = accept(invite(only, world.reseller, ADMINISTRATOR))
    assert made["status"] == "active"
    leave_organization(only)
    path = f"/organizations/{world.reseller.id}/members"
    assert [each["id"] for each in answer(world.call("GET", path))["items"]] == [made["id"]]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("role", [AGENT, VIEWER])
def test_other_members_may_leave(world: World, kind: str, role: str) -> None:
    someone = member_of(world, kind, role)
    leave_organization(someone)
    assert not Member.objects.unscoped("test").filter(id=id_of(someone)).exists()


def test_a_client_cannot_leave(world: World) -> None:
    before = world.fingerprint()
    with pytest.raises(Problem) as answered:
        leave_organization(world.actor("tenant"))
    assert answered.value.code == "not-found"
    assert world.fingerprint() == before
