"""Nobody climbs: what is given is never more than what the giver has, when it takes effect."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from django.test import Client

from fusion.access.actor import ADMINISTRATOR, AGENT, ROLES, SCOPES, VIEWER
from fusion.access.rules import grantable
from fusion.accounts.change_role import change_role
from fusion.accounts.grant_role import scopes_of_role
from fusion.accounts.invitation_keys import copied_key
from fusion.accounts.invitations import invitation_of
from fusion.accounts.models import Member, User
from fusion.accounts.remove_member import leave_organization, remove_member
from fusion.accounts.renew_invitation import renew_invitation
from fusion.clients.models import ApiClient
from fusion.clients.revoke_client import revoke_client
from fusion.kernel.errors import Problem
from fusion.lifecycle.delete_organization import delete_organization
from tests.accounts.inviting import accept, id_of, invitation, invite, member_of, someone
from tests.bounds import PATIENCE
from tests.queued import waiting_mails
from tests.tenancy.acting import client_of, closing, narrowed, refused, somebody_waits, token_of
from tests.world import World, answer, make_organization


def needed(role: str, kind: str) -> set[str]:
    """What the contract says that a token must have to give a role."""
    scopes = set(SCOPES if kind == "group" else grantable(kind))
    if role == ADMINISTRATOR:
        return scopes
    if role == AGENT:
        return scopes - {"tenancy:write"}
    return {scope for scope in scopes if scope.endswith(":read")}


@pytest.mark.parametrize("kind", ["group", "reseller", "tenant"])
@pytest.mark.parametrize("role", ROLES)
def test_a_client_gives_only_scopes_of_its_token(world: World, role: str, kind: str) -> None:
    """Every scope left out in turn, by every route that gives a role."""
    organization = getattr(world, kind)
    held = needed(ADMINISTRATOR, kind)
    members = f"/organizations/{organization.id}/members"
    other = ADMINISTRATOR if role != ADMINISTRATOR else VIEWER
    invited = answer(world.call("POST", members, {"email": someone(), "role": other}))["id"]
    active = id_of(member_of(world, kind, other))
    member_of(world, kind)
    world.token(organization)
    for scope in sorted(held - {"tenancy:write"}):
        noun = scope.partition(":")[0]
        left = {each for each in held if each.partition(":")[0] != noun or each == scope[:-5]}
        if scope.endswith(":write"):  # without the write scope, with the read scope
            left = (held - {scope}) | {f"{noun}:read"}
        token = narrowed(world, organization, *sorted(left))
        enough = all(
            each in left or each.replace(":read", ":write") in left for each in needed(role, kind)
        )
        for method, path, body in (
            ("POST", members, {"email": someone(), "role": role}),
            ("PATCH", f"{members}/{invited}", {"role": role}),
            ("PATCH", f"{members}/{active}", {"role": role}),
        ):
            before = world.fingerprint()
            response = world.call(method, path, body, by=token)
            if enough:
                assert response.status_code in (200, 201), (scope, response.content)
            else:
                refused(world, response, 403, "forbidden", before)
        for id in (invited, active):
            world.call("PATCH", f"{members}/{id}", {"role": other})


def test_role_scopes_match_the_contract() -> None:
    for kind in ("group", "tenant"):
        for role in ROLES:
            assert set(scopes_of_role(role, kind)) == needed(role, kind)


def test_tenancy_write_alone_opens_nothing(world: World) -> None:
    """What the attacker did: add a member, have a password sent, sign in."""
    token = narrowed(world, world.group, "tenancy:write")
    email = someone()
    path = f"/organizations/{world.group.id}/members"
    before = world.fingerprint()
    for role in ROLES:
        response = world.call("POST", path, {"email": email, "role": role}, by=token)
        refused(world, response, 403, "forbidden", before)
    scopes = {"name": "x", "scopes": ["orders:write"]}
    response = world.call("POST", f"/organizations/{world.tenant.id}/api-clients", scopes, by=token)
    refused(world, response, 403, "forbidden", before)


def test_a_forgotten_password_activates_nothing(world: World) -> None:
    email = someone()
    path = f"/organizations/{world.group.id}/members"
    made = answer(world.call("POST", path, {"email": email, "role": "administrator"}))
    assert made["status"] == "invited"
    Client().post("/password/forgotten", {"email": email})
    assert waiting_mails(email) == []
    assert not User.objects.filter(email=email).exists()
    assert answer(world.call("GET", f"{path}/{made['id']}"))["status"] == "invited"


def test_the_id_stays_from_the_invitation_to_the_membership(world: World) -> None:
    path = f"/organizations/{world.tenant.id}/members"
    body = {"email": someone(), "role": "agent", "name": "Robin"}
    made = answer(world.call("POST", path, body))
    accepted = accept(UUID(made["id"]))
    assert accepted["id"] == made["id"]
    shown = answer(world.call("GET", f"{path}/{made['id']}"))
    assert (shown["status"], shown["expires_at"]) == ("active", None)
    assert world.call("DELETE", f"{path}/{made['id']}").status_code == 204
    assert world.call("GET", f"{path}/{made['id']}").status_code == 404


def test_an_invitation_is_withdrawn_and_created_again_by_the_api(world: World) -> None:
    path = f"/organizations/{world.tenant.id}/members"
    body = {"email": someone(), "role": "agent"}
    made = answer(world.call("POST", path, body))
    assert world.call("DELETE", f"{path}/{made['id']}").status_code == 204
    assert invitation(UUID(made["id"])).state == "withdrawn"
    assert world.call("POST", path, body).status_code == 201


def acceptable(id: UUID) -> bool:
    """Whether either link of an invitation leads anywhere, for a look and for good."""
    row = invitation(id)
    outcomes = set()
    for key in ("", copied_key(row)):
        try:
            accept(id, key)
            return True
        except Problem as problem:
            outcomes.add(problem.code)
    with pytest.raises(Problem):
        invitation_of(copied_key(row))
    assert outcomes <= {"conflict", "not-found"}
    return False


LOSSES: dict[str, Any] = {
    "removed": lambda by, author: remove_member(
        by, organization_id=author.organization_id, member_id=id_of(author)
    ),
    "lowered to agent": lambda by, author: change_role(
        by, organization_id=author.organization_id, member_id=id_of(author), role=AGENT
    ),
    "lowered to viewer": lambda by, author: change_role(
        by, organization_id=author.organization_id, member_id=id_of(author), role=VIEWER
    ),
    "left": lambda by, author: leave_organization(author),
    "closed": lambda by, author: User.objects.filter(memberships__id=id_of(author)).update(
        is_active=False
    ),
}


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("kind", ["group", "tenant"])
def test_an_invitation_does_not_outlive_the_rights_of_its_author(
    world: World, kind: str, loss: str
) -> None:
    boss, author = member_of(world, kind), member_of(world, kind)
    ids = [invite(author, world.tenant, role) for role in ROLES]
    LOSSES[loss](boss, author)
    assert not any(acceptable(id) for id in ids)
    others = invite(boss, world.tenant, AGENT)
    assert acceptable(others)


def test_sending_an_invitation_again_changes_its_author(world: World) -> None:

    boss, author = member_of(world, "tenant"), member_of(world, "tenant")
    id = invite(author, world.tenant)
    leave_organization(author)
    renew_invitation(boss, organization_id=world.tenant.id, invitation_id=id)
    assert acceptable(id)


def test_invitations_of_a_client(world: World) -> None:
    made = client_of(world, world.tenant, list(grantable("tenant")))
    path = f"/organizations/{world.tenant.id}/members"
    token = token_of(made)
    ids = [
        UUID(answer(world.call("POST", path, {"email": someone(), "role": role}, by=token))["id"])
        for role in (ADMINISTRATOR, AGENT, VIEWER, VIEWER)
    ]
    assert acceptable(ids[0])
    ApiClient.scoped.unscoped("test").filter(id=made["id"]).update(
        scopes=" ".join(scope for scope in grantable("tenant") if scope.endswith(":read"))
    )
    assert not acceptable(ids[1]) and not acceptable(ids[2])
    revoke_client(world.actor(), organization_id=world.tenant.id, client_id=UUID(made["id"]))
    assert not acceptable(ids[3])


def test_an_invitation_ends_with_its_organization(world: World) -> None:
    boss = member_of(world, "group")
    doomed = make_organization("tenant", world.group)
    id = invite(boss, doomed)
    delete_organization(boss, organization_id=doomed.id)
    assert not acceptable(id)


def test_accepting_while_the_author_is_being_removed(world: World) -> None:
    """The acceptance waits for the removal, and is refused then."""
    boss, author = member_of(world, "tenant"), member_of(world, "tenant")
    id = invite(author, world.tenant)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            LOSSES["removed"](boss, author)
            late = pool.submit(closing(lambda: accept(id)))
            somebody_waits()
        with pytest.raises(Problem) as answered:
            late.result(PATIENCE)
    assert answered.value.code == "conflict"
    assert not Member.objects.unscoped("test").filter(id=id).exists()


def test_an_invitation_that_is_over_is_replaced(world: World) -> None:
    author = member_of(world, "tenant")
    id = invite(author, world.tenant)
    leave = member_of(world, "tenant")
    email = invitation(id).email
    leave_organization(author)
    path = f"/organizations/{world.tenant.id}/members"
    response = world.call("POST", path, {"email": email, "role": "viewer"})
    assert response.status_code == 201, leave
    assert invitation(id).state == "withdrawn"
