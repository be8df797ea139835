"""Organizations: what may stand where, who may create and edit, lists, and refusals."""

from typing import Any
from uuid import uuid4

import pytest

from fusion.access.actor import AGENT, VIEWER
from fusion.kernel.errors import Problem
from fusion.tenancy.create_organization import create_organization
from fusion.tenancy.models import Organization
from tests.paging import all_items
from tests.tenancy.acting import at_once, audited, events, narrowed, refused
from tests.world import World, answer, make_organization


def create(world: World, kind: str, parent: Organization, by: Any = None, **more: Any) -> Any:
    body = {"kind": kind, "parent_id": str(parent.id), "name": f"A {kind}", **more}
    return world.call("POST", "/organizations", body, by=by)


@pytest.mark.parametrize(
    ("kind", "parent"),
    [
        ("distributor", "group"),
        ("reseller", "group"),
        ("reseller", "distributor"),
        ("tenant", "group"),
        ("tenant", "distributor"),
        ("tenant", "reseller"),
    ],
)
def test_allowed_parents(world: World, kind: str, parent: str) -> None:
    above: Organization = getattr(world, parent)
    response = create(world, kind, above, by=above, external_reference="crm-1")
    assert response.status_code == 201
    made = answer(response)
    assert made == {
        "id": made["id"],
        "kind": kind,
        "parent_id": str(above.id),
        "group_id": str(world.group.id),
        "name": f"A {kind}",
        "external_reference": "crm-1",
        "country": None,
        "created_at": made["created_at"],
    }
    assert response["Location"] == f"/api/v1/organizations/{made['id']}"
    assert answer(world.call("GET", f"/organizations/{made['id']}")) == made
    path = f"{above.path}{made['id'].replace('-', '')}/"
    assert events(world) == [("organization.created", made["id"], path, made)]
    [(verb, object_id, detail)] = audited(world)
    assert (verb, object_id, detail["name"]) == ("organization.create", made["id"], f"A {kind}")


@pytest.mark.parametrize(
    ("kind", "parent", "field"),
    [
        ("distributor", "distributor", "parent_id"),
        ("distributor", "reseller", "parent_id"),
        ("distributor", "tenant", "parent_id"),
        ("reseller", "reseller", "parent_id"),
        ("reseller", "tenant", "parent_id"),
        ("tenant", "tenant", "parent_id"),
        ("group", "group", "kind"),
    ],
)
def test_forbidden_parents(world: World, kind: str, parent: str, field: str) -> None:
    world.token(world.group)
    before = world.fingerprint()
    response = create(world, kind, getattr(world, parent))
    problem = refused(world, response, 422, "invalid-fields", before)
    assert problem["errors"][0]["field"] == field


def test_the_country_of_an_organization(world: World) -> None:
    made = answer(create(world, "tenant", world.reseller, country="BE"))
    there = f"/organizations/{made['id']}"
    assert made["country"] == "BE"
    changed = answer(world.call("PATCH", there, {"country": "FR"}))
    assert (changed["country"], changed["name"]) == ("FR", made["name"])
    assert answer(world.call("PATCH", there, {"name": "Other"}))["country"] == "FR"
    assert answer(world.call("PATCH", there, {"country": None}))["country"] is None
    countries = [(type, data["country"]) for type, _, _, data in events(world)]
    assert countries == [
        ("organization.created", "BE"),
        ("organization.changed", "FR"),
        ("organization.changed", "FR"),
        ("organization.changed", None),
    ]
    before = world.fingerprint()
    for wrong in ("be", "ZZ", "BEL", "001", "", 32):
        for response in (
            world.call("PATCH", there, {"country": wrong}),
            create(world, "tenant", world.reseller, country=wrong),
        ):
            problem = refused(world, response, 422, "invalid-fields", before)
            assert [each["field"] for each in problem["errors"]] == ["country"]


def test_a_tenant_creates_nothing(world: World) -> None:
    world.token(world.tenant)
    before = world.fingerprint()
    refused(world, create(world, "tenant", world.tenant, world.tenant), 403, "forbidden", before)


@pytest.mark.parametrize("role", [AGENT, VIEWER])
def test_only_administrators(world: World, role: str) -> None:
    before = world.fingerprint()
    with pytest.raises(Problem, match="Only the role administrator can"):
        create_organization(
            world.actor(role=role), kind="tenant", parent_id=world.group.id, name="T"
        )
    assert world.fingerprint() == before


@pytest.mark.parametrize("above", ["group", "distributor", "reseller"])
def test_edited_from_above(world: World, above: str) -> None:
    path = f"/organizations/{world.tenant.id}"
    body = {"name": "Renamed", "external_reference": "r-9"}
    response = world.call("PATCH", path, body, by=getattr(world, above))
    assert response.status_code == 200
    edited = answer(response)
    assert (edited["name"], edited["external_reference"]) == ("Renamed", "r-9")
    assert events(world) == [("organization.changed", edited["id"], world.tenant.path, edited)]
    cleared = answer(world.call("PATCH", path, {"external_reference": None}))
    assert (cleared["name"], cleared["external_reference"]) == ("Renamed", None)
    assert len(events(world)) == 2


@pytest.mark.parametrize("kind", ["distributor", "reseller", "tenant"])
def test_not_edited_by_itself(world: World, kind: str) -> None:
    own: Organization = getattr(world, kind)
    world.token(own)
    before = world.fingerprint()
    # 403 comes before the body, which is wrong as well.
    for body in ({"name": "Mine"}, {"name": ""}):
        response = world.call("PATCH", f"/organizations/{own.id}", body, by=own)
        refused(world, response, 403, "forbidden", before)


def test_a_group_edits_itself(world: World) -> None:
    response = world.call("PATCH", f"/organizations/{world.group.id}", {"name": "New name"})
    assert (response.status_code, answer(response)["name"]) == (200, "New name")


def test_a_patch_without_changes_emits_no_event(world: World) -> None:
    path = f"/organizations/{world.tenant.id}"
    shown = answer(world.call("GET", path))
    for body in ({}, {"name": shown["name"]}, {"external_reference": None}):
        response = world.call("PATCH", path, body)
        assert (response.status_code, answer(response)) == (200, shown)
    assert events(world) == []


@pytest.mark.parametrize(
    "body",
    [
        {"name": None},
        {"name": ""},
        {"name": "  "},
        {"name": "n" * 201},
        {"name": "N\0"},
        {"name": 5},
        {"external_reference": ""},
        {"external_reference": "r" * 101},
        {"parent_id": str(uuid4())},
        {"kind": "reseller"},
        {"status": "deleted"},
        [],
        "name",
    ],
)
def test_bad_patches(world: World, body: Any) -> None:
    world.token(world.group)
    before = world.fingerprint()
    response = world.call("PATCH", f"/organizations/{world.tenant.id}", body)
    refused(world, response, 422, "invalid-fields", before)


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "branch"},
        {"kind": None},
        {"kind": 1},
        {"parent_id": "5"},
        {"parent_id": None},
        {"name": ""},
        {"unknown": 1},
        {"external_reference": 7},
    ],
)
def test_bad_creations(world: World, wrong: dict[str, Any]) -> None:
    world.token(world.group)
    before = world.fingerprint()
    body = {"kind": "tenant", "parent_id": str(world.group.id), "name": "T", **wrong}
    refused(world, world.call("POST", "/organizations", body), 422, "invalid-fields", before)


def test_invisible_organizations_are_404(world: World) -> None:
    other = World()
    for token in (world.group, world.reseller):
        world.token(token)
    before, elsewhere = world.fingerprint(), other.fingerprint()
    unseen = [uuid4(), other.group.id, other.tenant.id]
    for id in unseen:
        for by in (world.group, world.reseller):
            path = f"/organizations/{id}"
            refused(world, world.call("GET", path, by=by), 404, "not-found", before)
            refused(world, world.call("PATCH", path, {}, by=by), 404, "not-found", before)
            refused(world, world.call("DELETE", path, by=by), 404, "not-found", before)
            # Visibility is judged before the body.
            bad = {"kind": "no such", "parent_id": str(id)}
            response = world.call("POST", "/organizations", bad, by=by)
            refused(world, response, 404, "not-found", before)
            response = world.call("GET", f"/organizations?parent_id={id}", by=by)
            refused(world, response, 404, "not-found", before)
    # Nor is what stands above.
    for above in (world.group, world.distributor):
        response = world.call("GET", f"/organizations/{above.id}", by=world.reseller)
        refused(world, response, 404, "not-found", before)
    assert other.fingerprint() == elsewhere


def test_scopes(world: World) -> None:
    reader = narrowed(world, world.group, "tenancy:read")
    stranger = narrowed(world, world.group, "orders:write")
    before = world.fingerprint()
    path = f"/organizations/{world.tenant.id}"
    assert world.call("GET", path, by=reader).status_code == 200
    refused(world, world.call("PATCH", path, {"name": "N"}, by=reader), 403, "forbidden", before)
    refused(world, world.call("GET", path, by=stranger), 403, "forbidden", before)
    # The scope is judged before visibility.
    response = world.call("GET", f"/organizations/{uuid4()}", by=stranger)
    refused(world, response, 403, "forbidden", before)


def test_list_pages_follow_the_tree(world: World) -> None:
    for number in range(5):
        make_organization("tenant", world.reseller, f"Bakery {number}", f"ref-{number}")
    ids = [item["id"] for item in all_items(world, "/organizations", 2, by=world.distributor)]
    assert ids[:3] == [str(o.id) for o in (world.distributor, world.reseller, world.tenant)]
    assert len(ids) == len(set(ids)) == 8


def test_list_filters(world: World) -> None:
    make_organization("tenant", world.reseller, "Bakery 100%", "ref-1")
    make_organization("tenant", world.group, "Butcher", "ref-2")

    def names(query: str, by: Organization | None = None) -> list[str]:
        return [
            i["name"] for i in answer(world.call("GET", f"/organizations?{query}", by=by))["items"]
        ]

    assert names("q=bAkErY") == names("external_reference=ref-1") == ["Bakery 100%"]
    assert names("q=%25") == ["Bakery 100%"]
    assert names("q=ref-2") == ["Butcher"]
    assert names("q=ref-2", by=world.distributor) == []
    assert names("kind=distributor") == [world.distributor.name]
    assert names(f"kind=tenant&parent_id={world.group.id}") == ["Butcher"]
    assert set(names(f"parent_id={world.reseller.id}")) == {world.tenant.name, "Bakery 100%"}
    assert names("kind=tenant", by=world.tenant) == [world.tenant.name]
    assert len(names("")) == 6


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=501",
        "limit=x",
        "limit=1.5",
        "cursor=%00",
        "cursor=bm9wZQ",
        "kind=branch",
        "q=%00",
        "parent_id=5",
        "external_reference=%00",
    ],
)
def test_bad_filters(world: World, query: str) -> None:
    world.token(world.group)
    before = world.fingerprint()
    refused(world, world.call("GET", f"/organizations?{query}"), 422, "invalid-fields", before)


def test_reference_is_unique_per_owner(world: World) -> None:
    other = World()
    first = answer(create(world, "tenant", world.group, external_reference="R-1"))
    assert create(other, "tenant", other.group, external_reference="R-1").status_code == 201
    second = answer(create(world, "tenant", world.reseller))
    before = world.fingerprint()
    response = create(world, "tenant", world.reseller, external_reference="R-1")
    problem = refused(world, response, 409, "external-reference-taken", before)
    assert problem["existing"]["id"] == first["id"]
    response = world.call("PATCH", f"/organizations/{second['id']}", {"external_reference": "R-1"})
    refused(world, response, 409, "external-reference-taken", before)
    world.call("DELETE", f"/organizations/{first['id']}")
    assert create(world, "tenant", world.reseller, external_reference="R-1").status_code == 201


def test_same_reference_at_once(world: World) -> None:
    world.token(world.group)
    responses = at_once(
        *[lambda: create(world, "tenant", world.group, external_reference="RACE") for _ in range(6)]
    )
    assert sorted(r.status_code for r in responses) == [201] + [409] * 5
    assert {answer(r)["code"] for r in responses if r.status_code == 409} == {
        "external-reference-taken"
    }
    assert len(events(world)) == 1


def test_same_key_at_once_gives_one_organization(world: World) -> None:
    world.token(world.group)
    body = {"kind": "tenant", "parent_id": str(world.group.id), "name": "Once"}
    key = {"Idempotency-Key": "one-key"}
    responses = at_once(
        *[lambda: world.call("POST", "/organizations", body, headers=key) for _ in range(8)]
    )
    assert {r.status_code for r in responses} == {201}
    assert len({r.content for r in responses}) == 1
    assert sum(r.headers.get("Idempotency-Replayed") == "true" for r in responses) == 7
    assert len({r["Location"] for r in responses}) == 1
    assert len(events(world)) == 1
    before = world.fingerprint()
    changed = world.call("POST", "/organizations", {**body, "name": "Twice"}, headers=key)
    refused(world, changed, 422, "idempotency-key-reused", before)
    bad = world.call("POST", "/organizations", body, headers={"Idempotency-Key": "k" * 256})
    refused(world, bad, 422, "invalid-fields", before)
