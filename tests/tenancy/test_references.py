"""External references belong to the organization that set them, and to its objects alone."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.http import HttpResponse

from fusion.kernel.ids import new_id
from fusion.tenancy.models import Organization
from tests.ordering.placing import draft, line, place, placed, refused
from tests.tenancy.acting import at_once
from tests.world import World, answer, make_organization, make_subscription

NOUNS = ("organization", "subscription")


def create(
    world: World, noun: str, by: Organization, reference: str, under: Organization | None = None
) -> HttpResponse:
    """Create a tenant of the reseller, or a subscription of the tenant, with that reference."""
    if noun == "organization":
        parent = under or world.reseller
        body = {"kind": "tenant", "parent_id": str(parent.id), "name": "New"}
    else:
        body = {"tenant_id": str((under or world.tenant).id), "name": "New"}
    return world.call("POST", f"/{noun}s", {**body, "external_reference": reference}, by=by)


def created(*wanted: Any) -> str:
    response = create(*wanted)
    assert response.status_code == 201, response.content
    id: str = answer(response)["id"]
    return id


def change(world: World, noun: str, id: str, by: Organization, **changes: Any) -> HttpResponse:
    return world.call("PATCH", f"/{noun}s/{id}", changes, by=by)


def is_refused(response: HttpResponse, code: str) -> dict[str, Any]:
    problem: dict[str, Any] = answer(response)
    assert (response.status_code, problem["code"]) == (409, code), problem
    return problem


def found(world: World, noun: str, by: Organization, reference: str) -> set[str]:
    response = world.call("GET", f"/{noun}s?external_reference={reference}", by=by)
    return {item["id"] for item in answer(response)["items"]}


def events(world: World, type: str, id: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM events_event WHERE group_id = %s AND type = %s AND subject = %s",
            [world.group.id, type, id],
        )
        count: int = cursor.fetchone()[0]
        return count


def owner(noun: str, id: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT reference_owner_id FROM tenancy_{noun} WHERE id = %s", [id])
        return cursor.fetchone()[0]


@pytest.mark.parametrize("noun", NOUNS)
def test_no_organization_takes_a_reference_from_another(world: World, noun: str) -> None:
    by_reseller = created(world, noun, world.reseller, "CUST-9999")
    by_group = created(world, noun, world.group, "CUST-9999")
    by_distributor = created(world, noun, world.distributor, "CUST-9999")
    everything = {by_reseller, by_group, by_distributor}
    assert found(world, noun, world.group, "CUST-9999") == everything
    assert found(world, noun, world.reseller, "CUST-9999") == everything
    assert owner(noun, by_reseller) == world.reseller.id
    assert owner(noun, by_group) == world.group.id


@pytest.mark.parametrize("noun", NOUNS)
def test_nothing_hidden_is_revealed(world: World, noun: str) -> None:
    """What a sibling, or an organization above, has named so is no obstacle and not to be seen."""
    sibling = make_organization("reseller", world.distributor)
    under = sibling if noun == "organization" else make_organization("tenant", sibling)
    hidden = [created(world, noun, by, "D-01", under) for by in (world.group, sibling)]
    response = create(world, noun, world.reseller, "D-01")
    assert response.status_code == 201
    assert not any(id in response.content.decode() for id in hidden)
    assert found(world, noun, world.reseller, "D-01") == {answer(response)["id"]}


@pytest.mark.parametrize("noun", NOUNS)
def test_a_refusal_names_the_object_in_the_way(world: World, noun: str) -> None:
    first = created(world, noun, world.reseller, "R")
    other = created(world, noun, world.reseller, "another")
    before = world.fingerprint()
    for response in (
        create(world, noun, world.reseller, "R"),
        change(world, noun, other, world.reseller, external_reference="R"),
    ):
        problem = is_refused(response, "external-reference-taken")
        assert problem["existing"] == {"kind": noun, "id": first, "state": "active"}
    assert world.fingerprint() == before


@pytest.mark.parametrize("reference", ["R", "of the group"])
@pytest.mark.parametrize("noun", NOUNS)
def test_an_organization_above_takes_a_reference_over(
    world: World, noun: str, reference: str
) -> None:
    id = created(world, noun, world.reseller, "R")
    response = change(world, noun, id, world.group, external_reference=reference)
    assert (response.status_code, answer(response)["external_reference"]) == (200, reference)
    assert events(world, f"{noun}.changed", id) == 1
    assert owner(noun, id) == world.group.id
    before = world.fingerprint()
    for new in ("R-2", None):
        is_refused(change(world, noun, id, world.reseller, external_reference=new), "conflict")
    assert world.fingerprint() == before
    # What stays as it is, and the name, may be sent all the same.
    renamed = change(world, noun, id, world.reseller, name="N", external_reference=reference)
    assert (renamed.status_code, answer(renamed)["name"]) == (200, "N")
    assert owner(noun, id) == world.group.id
    # Its own name is free for another object of the reseller.
    assert create(world, noun, world.reseller, "R").status_code == 201


@pytest.mark.parametrize("noun", NOUNS)
def test_taking_over_a_reference_already_in_use_is_refused(world: World, noun: str) -> None:
    mine = created(world, noun, world.group, "R")
    theirs = created(world, noun, world.reseller, "R")
    before = world.fingerprint()
    response = change(world, noun, theirs, world.group, external_reference="R")
    problem = is_refused(response, "external-reference-taken")
    assert problem["existing"]["id"] == mine
    assert world.fingerprint() == before


@pytest.mark.parametrize("noun", NOUNS)
def test_a_cleared_reference_has_no_owner(world: World, noun: str) -> None:
    id = created(world, noun, world.group, "R")
    assert change(world, noun, id, world.group, external_reference=None).status_code == 200
    assert owner(noun, id) is None
    assert change(world, noun, id, world.reseller, external_reference="own").status_code == 200
    assert owner(noun, id) == world.reseller.id
    assert change(world, noun, id, world.reseller, external_reference="other").status_code == 200


def test_a_tenant_owns_the_references_of_its_subscriptions(world: World) -> None:
    id = created(world, "subscription", world.tenant, "mine")
    assert owner("subscription", id) == world.tenant.id
    response = change(world, "subscription", id, world.reseller, external_reference="ours")
    assert response.status_code == 200
    is_refused(
        change(world, "subscription", id, world.tenant, external_reference="mine"), "conflict"
    )


@pytest.mark.parametrize("noun", NOUNS)
def test_at_once(world: World, noun: str) -> None:
    organizations = (world.group, world.reseller)
    for by in organizations:
        world.token(by)
    responses = at_once(
        *[lambda by=by: create(world, noun, by, "RACE") for by in organizations for _ in range(3)]
    )
    assert sorted(each.status_code for each in responses) == [201] * 2 + [409] * 4
    for response in responses:
        if response.status_code == 409:
            assert is_refused(response, "external-reference-taken")["existing"]["kind"] == noun


# Servers of the release before know of no owner.


@pytest.mark.parametrize("noun", NOUNS)
def test_a_row_of_an_old_server_belongs_to_the_group(world: World, noun: str) -> None:
    id = created(world, noun, world.reseller, "R")
    with connection.cursor() as cursor:

        def write(reference: str | None) -> Any:
            cursor.execute(
                f"UPDATE tenancy_{noun} SET external_reference = %s WHERE id = %s", [reference, id]
            )
            return owner(noun, id)

        assert write(None) is None
        assert write("old") == world.group.id
        assert write("other") == world.group.id
    made = make_organization("tenant", world.reseller, reference="inserted")
    assert owner("organization", str(made.id)) == world.group.id
    # The constraint has its old name, by which an old server tells what was violated.
    with pytest.raises(IntegrityError, match=f"{noun}_external_reference"), transaction.atomic():
        if noun == "organization":
            make_organization("tenant", world.reseller, reference="inserted")
        else:
            first = make_subscription(world.tenant)
            second = make_subscription(world.tenant)
            for each in (first, second):
                each.external_reference = "twice"
                each.save(update_fields=["external_reference"])


# Orders and products, which only a group names.


def test_an_order_in_the_way(world: World) -> None:
    first = placed(world, external_reference="O-1")
    problem = refused(world, 409, "external-reference-taken", external_reference="O-1")
    assert problem["existing"] == {
        "kind": "order",
        "id": first["id"],
        "number": first["number"],
        "state": "completed",
    }
    assert problem["same_request"] is True
    item = draft(world, external_reference="O-1")
    [result] = answer(world.call("POST", "/orders/batch", {"orders": [item]}))["results"]
    assert result["problem"]["existing"] == problem["existing"]
    assert result["problem"]["same_request"] is True


@pytest.mark.parametrize("difference", ["quantity", "action", "time", "subscription"])
def test_another_request_under_the_reference_of_an_order(world: World, difference: str) -> None:
    placed(world, line(world.seat, 2), external_reference="O-1")
    lines = [line(world.seat, 3 if difference == "quantity" else 2)]
    if difference == "action":
        lines = [line(world.seat, 2, "remove")]
    more: dict[str, Any] = {"effective_at": "2031-01-01T00:00:00Z"} if difference == "time" else {}
    if difference == "subscription":
        more["subscription"] = make_subscription(world.tenant)
    problem = refused(
        world, 409, "external-reference-taken", *lines, external_reference="O-1", **more
    )
    assert problem["same_request"] is False


def test_a_scheduled_order_in_the_way(world: World) -> None:
    at = "2029-01-01T00:00:00+01:00"
    placed(world, external_reference="O-1", effective_at=at)
    response = place(world, external_reference="O-1", effective_at="2028-12-31T23:00:00Z")
    problem = is_refused(response, "external-reference-taken")
    assert (problem["existing"]["state"], problem["same_request"]) == ("scheduled", True)


def test_a_product_in_the_way(world: World) -> None:
    def add(code: str) -> HttpResponse:
        items = [{"sku": "user", "quantity": 1}]
        body = {"code": code, "name": code, "external_reference": "P", "items": items}
        return world.call("POST", "/products", body)

    first = answer(add(f"a{new_id().hex[:8]}"))
    problem = is_refused(add(f"b{new_id().hex[:8]}"), "external-reference-taken")
    assert problem["existing"] == {"kind": "product", "id": first["id"], "state": "active"}
