"""Deleting organizations: only what is empty, by those above, with all that could act for it."""

import pytest

from fusion.accounts.models import Member
from fusion.clients.models import ApiClient
from fusion.tenancy.models import Organization
from tests.tenancy.acting import audited, client_of, events, refused, token_of
from tests.world import World, answer, make_organization


def delete(world: World, organization: Organization, by: Organization | None = None):  # type: ignore[no-untyped-def]
    return world.call("DELETE", f"/organizations/{organization.id}", by=by)


def test_from_the_bottom_up(world: World) -> None:
    assert (
        world.call("POST", f"/subscriptions/{world.subscription.id}/terminate").status_code == 200
    )
    for organization in (world.tenant, world.reseller, world.distributor):
        shown = answer(world.call("GET", f"/organizations/{organization.id}"))
        response = delete(world, organization)
        assert (response.status_code, response.content) == (204, b"")
        event = ("organization.deleted", str(organization.id), organization.path, shown)
        assert events(world)[-1] == event
        assert audited(world)[-1][:2] == ("organization.delete", str(organization.id))
        before = world.fingerprint()
        refused(world, delete(world, organization), 404, "not-found", before)
        gone = world.call("GET", f"/organizations/{organization.id}")
        refused(world, gone, 404, "not-found", before)
    listed = answer(world.call("GET", "/organizations"))["items"]
    assert [item["id"] for item in listed] == [str(world.group.id)]
    # What was is history, and is still shown.
    kept = answer(world.call("GET", f"/subscriptions/{world.subscription.id}"))
    assert kept["status"] == "terminated"


def test_refused_while_it_has_organizations_or_subscriptions(world: World) -> None:
    world.token(world.group)
    before = world.fingerprint()
    for organization, counts in [
        (world.tenant, "0 organizations and 1 active subscriptions"),
        (world.reseller, "1 organizations and 1 active subscriptions"),
        (world.distributor, "2 organizations and 1 active subscriptions"),
    ]:
        problem = refused(world, delete(world, organization), 409, "conflict", before)
        assert counts in problem["detail"]


@pytest.mark.parametrize("kind", ["group", "distributor", "reseller", "tenant"])
def test_not_by_itself(world: World, kind: str) -> None:
    own: Organization = getattr(world, kind)
    world.token(own)
    before = world.fingerprint()
    refused(world, delete(world, own, own), 403, "forbidden", before)


def test_actors_beside_and_below_are_refused(world: World) -> None:
    beside = make_organization("reseller", world.distributor)
    empty = make_organization("tenant", world.reseller)
    other = World()
    for organization in (beside, world.tenant):
        world.token(organization)
    before, elsewhere = world.fingerprint(), other.fingerprint()
    refused(world, delete(world, empty, beside), 404, "not-found", before)
    refused(world, delete(world, world.reseller, world.tenant), 404, "not-found", before)
    refused(world, delete(world, other.tenant), 404, "not-found", before)
    assert other.fingerprint() == elsewhere


def test_members_clients_and_tokens_go(world: World) -> None:
    doomed = make_organization("reseller", world.distributor)
    path = f"/organizations/{doomed.id}/members"
    world.call("POST", path, {"email": f"{doomed.id.hex}@example.org", "role": "agent"})
    client = client_of(world, doomed, ["tenancy:read"])
    token = token_of(client)
    assert world.call("GET", "/organizations", by=token).status_code == 200
    assert delete(world, doomed, world.distributor).status_code == 204
    assert world.call("GET", "/organizations", by=token).status_code == 401
    assert not Member.objects.unscoped("test").filter(organization_id=doomed.id).exists()
    assert not ApiClient.scoped.unscoped("test").filter(organization_id=doomed.id).exists()
    before = world.fingerprint()
    for method, where, body in [
        ("POST", path, {}),
        ("GET", f"/organizations/{doomed.id}/api-clients", None),
        ("POST", "/organizations", {"parent_id": str(doomed.id)}),
    ]:
        refused(world, world.call(method, where, body), 404, "not-found", before)
