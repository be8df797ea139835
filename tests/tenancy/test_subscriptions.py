"""Subscriptions: creating and editing them, lists, refusals."""

from typing import Any
from uuid import uuid4

import pytest

from fusion.tenancy.models import Organization, Subscription
from tests.tenancy.acting import at_once, events, refused
from tests.world import World, answer, make_organization, make_subscription


def create(world: World, tenant: Organization, by: Any = None, **more: Any) -> Any:
    return world.call(
        "POST", "/subscriptions", {"tenant_id": str(tenant.id), "name": "Voice", **more}, by=by
    )


@pytest.mark.parametrize("kind", ["group", "distributor", "reseller", "tenant"])
def test_create(world: World, kind: str) -> None:
    by: Organization = getattr(world, kind)
    response = create(world, world.tenant, by, external_reference="B-1")
    assert response.status_code == 201
    made = answer(response)
    assert made == {
        "id": made["id"],
        "tenant_id": str(world.tenant.id),
        "group_id": str(world.group.id),
        "name": "Voice",
        "external_reference": "B-1",
        "status": "active",
        "holds": [],
        "created_at": made["created_at"],
    }
    assert response["Location"] == f"/api/v1/subscriptions/{made['id']}"
    assert answer(world.call("GET", f"/subscriptions/{made['id']}", by=by)) == made
    assert events(world) == [("subscription.created", made["id"], world.tenant.path, made)]
    row = Subscription.objects.unscoped("test").get(id=made["id"])
    assert (row.distributor_id, row.reseller_id) == (world.distributor.id, world.reseller.id)


def test_create_right_under_the_group(world: World) -> None:
    direct = make_organization("tenant", world.group)
    row = Subscription.objects.unscoped("test").get(id=answer(create(world, direct))["id"])
    assert (row.distributor_id, row.reseller_id, row.path) == (None, None, direct.path)


@pytest.mark.parametrize("kind", ["group", "distributor", "reseller"])
def test_only_tenants_have_subscriptions(world: World, kind: str) -> None:
    world.token(world.group)
    before = world.fingerprint()
    response = create(world, getattr(world, kind))
    problem = refused(world, response, 422, "invalid-fields", before)
    assert problem["errors"][0]["field"] == "tenant_id"


def test_edit(world: World) -> None:
    path = f"/subscriptions/{world.subscription.id}"
    edited = answer(world.call("PATCH", path, {"name": "New", "external_reference": "x"}))
    assert (edited["name"], edited["external_reference"]) == ("New", "x")
    assert events(world) == [("subscription.changed", edited["id"], world.tenant.path, edited)]
    assert answer(world.call("PATCH", path, {})) == edited
    assert len(events(world)) == 1
    cleared = answer(world.call("PATCH", path, {"external_reference": None}, by=world.group))
    assert cleared == {**edited, "external_reference": None}


@pytest.mark.parametrize(
    "body", [{"tenant_id": str(uuid4())}, {"status": "terminated"}, {"name": None}, {"name": 1}]
)
def test_bad_edits(world: World, body: Any) -> None:
    world.token(world.group)
    before = world.fingerprint()
    response = world.call("PATCH", f"/subscriptions/{world.subscription.id}", body)
    refused(world, response, 422, "invalid-fields", before)


def test_invisible_subscriptions_are_404(world: World) -> None:
    other = World()
    beside = make_organization("reseller", world.distributor)
    for organization in (world.group, beside):
        world.token(organization)
    before, elsewhere = world.fingerprint(), other.fingerprint()
    for by, unseen in [
        (world.group, other.subscription.id),
        (world.group, uuid4()),
        (beside, world.subscription.id),
    ]:
        path = f"/subscriptions/{unseen}"
        refused(world, world.call("GET", path, by=by), 404, "not-found", before)
        refused(world, world.call("PATCH", path, {"x": 1}, by=by), 404, "not-found", before)
        for action in ("suspend", "resume", "terminate"):
            response = world.call("POST", f"{path}/{action}", by=by)
            refused(world, response, 404, "not-found", before)
    refused(world, create(world, other.tenant, name=""), 404, "not-found", before)
    response = world.call("GET", f"/subscriptions?organization_id={other.tenant.id}")
    refused(world, response, 404, "not-found", before)
    assert answer(world.call("GET", "/subscriptions", by=beside)) == {"items": [], "next": None}
    assert other.fingerprint() == elsewhere


def test_list(world: World) -> None:
    beside = make_organization("tenant", world.group)
    made = [make_subscription(world.tenant, f"Line {number}") for number in range(4)]
    foreign = make_subscription(beside, "Line 9")
    newest_first = [str(s.id) for s in reversed([world.subscription, *made, foreign])]

    def ids(query: str, by: Organization | None = None) -> list[str]:
        listed = answer(world.call("GET", f"/subscriptions?{query}", by=by))
        return [item["id"] for item in listed["items"]]

    assert ids("") == newest_first
    for above in (world.distributor, world.reseller, world.tenant):
        assert ids("", by=above) == ids(f"organization_id={above.id}") == newest_first[1:]
    assert ids("q=line+9") == [str(foreign.id)]
    assert ids(f"organization_id={world.tenant.id}&q=line+9") == []
    page = answer(world.call("GET", "/subscriptions?limit=4"))
    rest = answer(world.call("GET", f"/subscriptions?limit=4&cursor={page['next']}"))
    assert [i["id"] for i in page["items"] + rest["items"]] == newest_first
    assert rest["next"] is None


def test_reference_is_unique_per_owner(world: World) -> None:
    other = World()
    first = answer(create(world, world.tenant, external_reference="S-1"))
    assert create(other, other.tenant, external_reference="S-1").status_code == 201
    before = world.fingerprint()
    response = create(world, world.tenant, external_reference="S-1")
    refused(world, response, 409, "external-reference-taken", before)
    response = world.call(
        "PATCH", f"/subscriptions/{world.subscription.id}", {"external_reference": "S-1"}
    )
    refused(world, response, 409, "external-reference-taken", before)
    world.call("POST", f"/subscriptions/{first['id']}/terminate")
    assert create(world, world.tenant, external_reference="S-1").status_code == 201


def test_same_reference_at_once(world: World) -> None:
    world.token(world.group)
    responses = at_once(
        *[lambda: create(world, world.tenant, external_reference="RACE") for _ in range(4)]
    )
    assert sorted(r.status_code for r in responses) == [201] + [409] * 3
    assert len(events(world)) == 1
