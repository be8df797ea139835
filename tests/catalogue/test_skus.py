"""SKUs: what a group can count."""

from typing import Any

import pytest

from fusion.catalogue.create_sku import create_sku
from fusion.catalogue.models import NUMBER_TYPES
from fusion.kernel.errors import Problem
from tests.catalogue.acting import CONFLICT, INVALID, NOT_FOUND, refused, together, unchanged
from tests.paging import all_items
from tests.world import World, answer, make_token

BODY = {
    "code": "gb-mobile",
    "name": "UK mobile number",
    "country": "GB",
    "number_type": "mobile",
}


def test_create_and_read(world: World) -> None:
    response = world.call("POST", "/skus", BODY)
    sku = answer(response)
    assert response.status_code == 201
    assert response["Location"] == f"/api/v1/skus/{sku['id']}"
    assert sku == {
        **BODY,
        "id": sku["id"],
        "type": "entitlement",
        "metric": "number",
        "external_reference": None,
    }
    assert answer(world.call("GET", f"/skus/{sku['id']}")) == sku
    assert sku in answer(world.call("GET", "/skus"))["items"]


def test_a_sku_is_renamed(world: World) -> None:
    path = f"/skus/{world.user_sku.id}"
    sku = answer(world.call("GET", path))
    assert answer(world.call("PATCH", path, {"name": "Seat"})) == {**sku, "name": "Seat"}
    assert answer(world.call("PATCH", path, {})) == {**sku, "name": "Seat"}
    assert answer(world.call("GET", path, by=world.tenant))["name"] == "Seat"
    for body in ({"name": ""}, {"name": "x" * 201}, {"code": "other"}, {"country": "FR"}):
        with unchanged(world):
            refused(world.call("PATCH", path, body), INVALID, "invalid-fields")
    for by in (world.distributor, world.reseller, world.tenant):
        with unchanged(world):
            assert world.call("PATCH", path, {"name": "Mine"}, by=by).status_code == 403


def test_a_reference_is_set_found_and_removed(world: World) -> None:
    path = f"/skus/{world.user_sku.id}"
    sku = answer(world.call("PATCH", path, {"external_reference": " A\u030a-1 "}))
    assert sku["external_reference"] == "\u00c5-1" and sku["name"] == "user"
    assert answer(world.call("PATCH", path, {"name": "Seat"}))["external_reference"] == "\u00c5-1"
    found = answer(world.call("GET", "/skus?external_reference=%C3%85-1", by=world.tenant))
    assert [each["id"] for each in found["items"]] == [str(world.user_sku.id)]
    assert answer(world.call("GET", "/skus?external_reference=A-1"))["items"] == []
    created = answer(world.call("POST", "/skus", {**BODY, "external_reference": "B-2"}))
    assert created["external_reference"] == "B-2"
    assert answer(world.call("PATCH", path, {"external_reference": None}))["name"] == "Seat"
    assert answer(world.call("GET", path))["external_reference"] is None
    for wrong in ("", "x" * 101, 5, "nul\0"):
        with unchanged(world):
            response = world.call("PATCH", path, {"external_reference": wrong})
            refused(response, INVALID, "invalid-fields", "external_reference")


def test_a_reference_is_unique_in_the_group(world: World) -> None:
    world.call("PATCH", f"/skus/{world.user_sku.id}", {"external_reference": "A-1"})
    existing = {"kind": "sku", "id": str(world.user_sku.id)}
    change = {"external_reference": "A-1", "name": "New"}
    for method, path, body in (
        ("POST", "/skus", {**BODY, "external_reference": "A-1"}),
        ("PATCH", f"/skus/{world.channel_sku.id}", change),
    ):
        with unchanged(world):
            response = world.call(method, path, body)
            problem = refused(response, CONFLICT, "external-reference-taken")
        assert problem["existing"] == existing and "A-1" in problem["detail"]
    assert World().call("POST", "/skus", {**BODY, "external_reference": "A-1"}).status_code == 201


def test_two_at_once_cannot_have_one_reference(world: World) -> None:
    skus = (world.user_sku, world.channel_sku, world.number_sku)
    responses = together(
        *[
            lambda id=sku.id: world.call("PATCH", f"/skus/{id}", {"external_reference": "A-1"})
            for sku in skus
        ]
    )
    assert sorted(response.status_code for response in responses) == [200, 409, 409]


@pytest.mark.parametrize("number_type", NUMBER_TYPES)
def test_every_number_type(world: World, number_type: str) -> None:
    response = world.call("POST", "/skus", {**BODY, "number_type": number_type})
    assert (response.status_code, answer(response)["number_type"]) == (201, number_type)


def test_licences_have_no_country(world: World) -> None:
    user = answer(world.call("GET", f"/skus/{world.user_sku.id}"))
    assert (user["type"], user["metric"]) == ("license", "user")
    assert user["country"] is None and user["number_type"] is None


def test_list_is_by_code_page_by_page(world: World) -> None:
    for code in ("a", "Z", "9", "m.m"):
        world.call("POST", "/skus", {**BODY, "code": code})
    whole = answer(world.call("GET", "/skus"))
    assert whole["next"] is None and len(whole["items"]) == 7
    assert all_items(world, "/skus", 2, by=world.tenant) == whole["items"]


def test_code_taken(world: World) -> None:
    with unchanged(world):
        problem = refused(
            world.call("POST", "/skus", {**BODY, "code": "user"}), CONFLICT, "conflict"
        )
    assert "user" in problem["detail"]


def test_the_same_code_in_another_group(world: World) -> None:
    other = World()
    assert world.call("POST", "/skus", BODY).status_code == 201
    assert other.call("POST", "/skus", BODY).status_code == 201


def test_two_at_once_make_one(world: World) -> None:
    responses = together(*[lambda: world.call("POST", "/skus", BODY)] * 6)
    assert sorted(response.status_code for response in responses) == [201] + [409] * 5


def test_a_repeated_request_answers_the_same(world: World) -> None:
    key = {"Idempotency-Key": "sku-1"}
    first = world.call("POST", "/skus", BODY, headers=key)
    with unchanged(world):
        again = world.call("POST", "/skus", BODY, headers=key)
    assert (again.status_code, again.content) == (201, first.content)
    assert again["Idempotency-Replayed"] == "true"
    assert again["Location"] == first["Location"]


def test_allowed_roles(world: World) -> None:
    for kind in ("distributor", "reseller", "tenant"):
        organization = getattr(world, kind)
        with unchanged(world):
            refused(world.call("POST", "/skus", BODY, by=organization), 403, "forbidden")
        assert world.call("GET", "/skus", by=organization).status_code == 200
        path = f"/skus/{world.number_sku.id}"
        assert world.call("GET", path, by=organization).status_code == 200
        with unchanged(world), pytest.raises(Problem, match="Only the group can"):
            create_sku(world.actor(kind), **BODY)
    with unchanged(world), pytest.raises(Problem, match="role"):
        create_sku(world.actor("group", "viewer"), **BODY)
    assert create_sku(world.actor("group", "agent"), **BODY).status == 201


def test_scopes(world: World) -> None:
    reader = make_token(world.group, ("catalogue:read",))
    outsider = make_token(world.group, ("orders:write",))
    with unchanged(world):
        refused(world.call("POST", "/skus", BODY, by=reader), 403, "forbidden")
        refused(world.call("GET", "/skus", by=outsider), 403, "forbidden")
        refused(world.call("GET", "/skus", by="nonsense"), 401, "unauthenticated")
    assert world.call("GET", "/skus", by=reader).status_code == 200


def test_another_groups_sku(world: World) -> None:
    theirs = World().number_sku.id
    refused(world.call("GET", f"/skus/{theirs}"), NOT_FOUND, "not-found")
    assert str(theirs) not in world.call("GET", "/skus").content.decode()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("code", value)
        for value in ("", "x" * 65, "a b", "é", "a\nb", "a/b", "nul\0", None, 5, True, ["a"])
    ]
    + [("name", value) for value in ("", "   ", "x" * 201, "nul\0", None, 5)]
    + [
        ("country", value)
        for value in ("gb", "GBR", "UK", "EU", "ZZ", "002", "", "G\0", "B\nE", None, 32)
    ]
    + [("number_type", value) for value in ("user", "Mobile", "", "uan", None, 1)]
    + [("type", "license"), ("metric", "user"), ("id", "x")],
)
def test_bad_fields(world: World, field: str, value: Any) -> None:
    with unchanged(world):
        response = world.call("POST", "/skus", {**BODY, field: value})
        refused(response, INVALID, "invalid-fields", field)


@pytest.mark.parametrize("field", BODY)
def test_missing_fields(world: World, field: str) -> None:
    body = {name: value for name, value in BODY.items() if name != field}
    with unchanged(world):
        refused(world.call("POST", "/skus", body), INVALID, "invalid-fields", field)


@pytest.mark.parametrize("wanted", ["limit=0", "limit=501", "limit=x", "cursor=x", "cursor=%00"])
def test_bad_pages(world: World, wanted: str) -> None:
    field = wanted.partition("=")[0]
    refused(world.call("GET", f"/skus?{wanted}"), INVALID, "invalid-fields", field)
