"""Products: made, found, listed, and who may do so."""

from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from fusion.catalogue.create_product import create_product
from fusion.catalogue.queries import find_product, list_products, list_revisions, read_product
from fusion.kernel.errors import Problem
from tests.catalogue.acting import (
    CONFLICT,
    INVALID,
    NOT_FOUND,
    NUMBER,
    USER,
    events,
    refused,
    sell,
    together,
    unchanged,
)
from tests.paging import all_items
from tests.world import World, answer, make_token

BODY = {"code": "office", "name": "Office", "items": [USER, NUMBER]}


def listed(world: World, wanted: str = "", **by: Any) -> list[str]:
    """The codes of the products that a list answers."""
    response = world.call("GET", f"/products{wanted}", **by)
    assert response.status_code == 200, response.content
    return [item["code"] for item in answer(response)["items"]]


def test_create_and_read(world: World) -> None:
    response = world.call("POST", "/products", {**BODY, "external_reference": "P-1"})
    product = answer(response)
    assert response.status_code == 201
    assert response["Location"] == f"/api/v1/products/{product['id']}"
    assert response["ETag"] == '"1"'
    assert product == {
        "id": product["id"],
        "code": "office",
        "name": "Office",
        "description": "",
        "external_reference": "P-1",
        "status": "active",
        "revision": 1,
        "items": [NUMBER, USER],
        "min_quantity": None,
        "max_quantity": None,
        "step": None,
        "requires": [],
        "created_at": product["created_at"],
    }
    assert product["created_at"].endswith("Z")
    read = world.call("GET", f"/products/{product['id']}")
    assert (answer(read), read["ETag"]) == (product, '"1"')
    assert events(world, product["id"]) == [("product.created", product)]
    [first] = answer(world.call("GET", f"/products/{product['id']}/revisions"))["items"]
    assert (first["revision"], first["items"]) == (1, product["items"])


def test_the_most_that_fits(world: World) -> None:
    for number in range(100):
        world.sku(f"s{number}", "entitlement", "number", "BE", "mobile")
    items = [{"sku": f"s{number}", "quantity": 1_000_000} for number in range(100)]
    product = sell(
        world,
        "x" * 64,
        *items,
        name="n" * 200,
        description="d" * 2000,
        external_reference="r" * 100,
    )
    assert len(product["items"]) == 100
    assert answer(world.call("GET", f"/products/{product['id']}")) == product


def test_null_means_not_given(world: World) -> None:
    product = sell(world, "office", description=None, external_reference=None)
    assert (product["description"], product["external_reference"]) == ("", None)


def test_a_repeated_request_answers_the_same(world: World) -> None:
    key = {"Idempotency-Key": "product-1"}
    first = world.call("POST", "/products", BODY, headers=key)
    world.call("PATCH", f"/products/{answer(first)['id']}", {"name": "Later"})
    with unchanged(world):
        again = world.call("POST", "/products", BODY, headers=key)
        assert (again.status_code, again.content) == (201, first.content)
        assert (again["Idempotency-Replayed"], again["ETag"]) == ("true", '"1"')
        other = world.call("POST", "/products", {**BODY, "code": "other"}, headers=key)
        refused(other, INVALID, "idempotency-key-reused")


def test_the_same_key_at_once_makes_one(world: World) -> None:
    key = {"Idempotency-Key": "product-1"}
    responses = together(*[lambda: world.call("POST", "/products", BODY, headers=key)] * 8)
    assert {response.content for response in responses} == {responses[0].content}
    assert {response.status_code for response in responses} == {201}
    assert listed(world, "?q=office") == ["office"]


def test_code_taken(world: World) -> None:
    with unchanged(world):
        problem = refused(
            world.call("POST", "/products", {**BODY, "code": "seat"}), CONFLICT, "conflict"
        )
        assert "seat" in problem["detail"]
    responses = together(*[lambda: world.call("POST", "/products", BODY)] * 6)
    assert sorted(response.status_code for response in responses) == [201] + [409] * 5


def test_reference_taken(world: World) -> None:
    sell(world, "first", external_reference="P-1")
    with unchanged(world):
        refused(
            world.call("POST", "/products", {**BODY, "external_reference": "P-1"}),
            CONFLICT,
            "external-reference-taken",
        )
    actions = [
        lambda code=code: world.call(
            "POST", "/products", {**BODY, "code": code, "external_reference": "P-2"}
        )
        for code in "abcdef"
    ]
    assert sorted(response.status_code for response in together(*actions)) == [201] + [409] * 5


def test_codes_and_references_are_each_groups_own(world: World) -> None:
    for provider in (world, World()):
        sell(provider, "office", external_reference="P-1")


def test_unknown_and_repeated_skus(world: World) -> None:
    foreign = World().sku("theirs", "entitlement", "number", "BE", "mobile")
    items = [USER, {"sku": foreign.code, "quantity": 1}, {"sku": "user", "quantity": 2}]
    with unchanged(world):
        response = world.call("POST", "/products", {**BODY, "items": items})
        problem = refused(response, INVALID, "invalid-fields")
    assert [error["field"] for error in problem["errors"]] == ["items.1.sku", "items.2.sku"]
    assert "theirs" in problem["errors"][0]["message"]


def test_list_is_newest_first_page_by_page(world: World) -> None:
    codes = [sell(world, f"p{number}")["code"] for number in range(6)]
    whole = listed(world)
    assert whole == [*reversed(codes), "seat"]
    assert [item["code"] for item in all_items(world, "/products", 2)] == whole


def test_filters(world: World) -> None:
    first = sell(world, "alpha", name="Grand 100% piano", external_reference="P-1")
    sell(world, "beta", name="Small")
    world.call("PATCH", f"/products/{first['id']}", {"status": "retired"})
    assert listed(world, "?status=retired") == ["alpha"]
    assert listed(world, "?status=active") == ["beta", "seat"]
    assert listed(world, "?q=PIANO") == listed(world, "?q=0%25") == ["alpha"]
    assert listed(world, "?q=BET") == ["beta"]
    assert listed(world, "?q=_") == listed(world, "?q=%5C") == []
    assert listed(world, "?external_reference=P-1") == ["alpha"]
    assert listed(world, "?external_reference=P-1&status=active") == []
    assert listed(world, "?q=") == ["beta", "alpha", "seat"]


@pytest.mark.parametrize(
    "wanted",
    [
        "limit=0",
        "limit=501",
        "limit=-1",
        "limit=1.5",
        "cursor=x",
        "cursor=WyJ4Il0",
        "status=gone",
        "q=%00",
        "external_reference=%00",
    ],
)
def test_bad_filters(world: World, wanted: str) -> None:
    field = wanted.partition("=")[0]
    refused(world.call("GET", f"/products?{wanted}"), INVALID, "invalid-fields", field)


@pytest.mark.parametrize("cursor", ["x", "WyJ4Il0", "WyIyMTQ3NDgzNjQ4MCJd", "WyItMSJd"])
def test_bad_cursor_of_revisions(world: World, cursor: str) -> None:
    path = f"/products/{world.seat.id}/revisions?cursor={cursor}"
    refused(world.call("GET", path), INVALID, "invalid-fields", "cursor")


def test_the_number_of_statements_does_not_grow(world: World) -> None:
    actor = world.actor()
    counts = []
    for more in (1, 12):
        for number in range(more):
            product = sell(world, f"p{more}-{number}", USER, NUMBER)
        for quantity in range(2, more + 2):
            items = [{"sku": "user", "quantity": quantity}]
            world.call("PATCH", f"/products/{product['id']}", {"items": items})
        id = UUID(product["id"])
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert len(list_products(actor, limit=50)["items"]) >= more
            assert len(list_revisions(actor, id, limit=50)["items"]) == more + 1
            read_product(actor, id)
        counts.append(len(queries))
    assert counts == [4, 4]


def test_below_the_group_only_active_products_are_visible(world: World) -> None:
    gone = sell(world, "gone")
    world.call("PATCH", f"/products/{gone['id']}", {"status": "retired"})
    for kind in ("distributor", "reseller", "tenant"):
        organization = getattr(world, kind)
        assert listed(world, by=organization) == ["seat"]
        assert listed(world, "?status=retired", by=organization) == []
        seat = f"/products/{world.seat.id}"
        assert world.call("GET", seat, by=organization).status_code == 200
        assert world.call("GET", f"{seat}/revisions", by=organization).status_code == 200
        for path in (f"/products/{gone['id']}", f"/products/{gone['id']}/revisions"):
            refused(world.call("GET", path, by=organization), NOT_FOUND, "not-found")
            assert world.call("GET", path).status_code == 200


def test_below_the_group_one_writes_nothing(world: World) -> None:
    seat = f"/products/{world.seat.id}"
    for kind in ("distributor", "reseller", "tenant"):
        by = getattr(world, kind)
        with unchanged(world):
            refused(world.call("POST", "/products", BODY, by=by), 403, "forbidden")
            refused(world.call("PATCH", seat, {"name": "x"}, by=by), 403, "forbidden")
            refused(world.call("DELETE", seat, by=by), 403, "forbidden")
            with pytest.raises(Problem, match="Only the group can"):
                create_product(world.actor(kind), code="x", name="x", items=[])


def test_only_administrators_write(world: World) -> None:
    for role in ("agent", "viewer"):
        actor = world.actor("group", role)
        with unchanged(world), pytest.raises(Problem, match="role"):
            create_product(actor, code="x", name="x", items=[])
        assert find_product(actor, world.seat.id).code == "seat"


def test_scopes(world: World) -> None:
    reader = make_token(world.group, ("catalogue:read",))
    outsider = make_token(world.group, ("orders:write",))
    seat = f"/products/{world.seat.id}"
    with unchanged(world):
        refused(world.call("POST", "/products", BODY, by=reader), 403, "forbidden")
        refused(world.call("PATCH", seat, {"name": "x"}, by=reader), 403, "forbidden")
        refused(world.call("DELETE", seat, by=reader), 403, "forbidden")
        for path in ("/products", seat, f"{seat}/revisions"):
            assert world.call("GET", path, by=reader).status_code == 200
            refused(world.call("GET", path, by=outsider), 403, "forbidden")
            refused(world.call("GET", path, by="nonsense"), 401, "unauthenticated")


def test_another_groups_product(world: World) -> None:
    other = World()
    theirs = f"/products/{other.seat.id}"
    with unchanged(other):
        refused(world.call("GET", theirs), NOT_FOUND, "not-found")
        refused(world.call("GET", f"{theirs}/revisions"), NOT_FOUND, "not-found")
        refused(world.call("PATCH", theirs, {"name": 5}), NOT_FOUND, "not-found")
        refused(world.call("DELETE", theirs), NOT_FOUND, "not-found")
    assert str(other.seat.id) not in world.call("GET", "/products").content.decode()


QUANTITIES = [0, -1, 1_000_001, 2**31, 2**63, True, "5", 1.5, 1.0, None, [1]]
TEXTS = ["nul\0", 5, True, ["a"]]


BAD_ITEMS: list[Any] = [[], None, {}, "user", [USER] * 101]
BAD_FIELDS: list[tuple[str, Any]] = (
    [("code", value) for value in ("", "x" * 65, "a b", "a\nb", "é", None, *TEXTS)]
    + [("name", value) for value in ("", " ", "x" * 201, None, *TEXTS)]
    + [("description", value) for value in ("x" * 2001, *TEXTS)]
    + [("external_reference", value) for value in ("", " ", "x" * 101, *TEXTS)]
    + [("items", value) for value in BAD_ITEMS]
    + [(name, 1) for name in ("id", "status", "revision", "version", "group_id", "surprise")]
)


@pytest.mark.parametrize(("field", "value"), BAD_FIELDS)
def test_bad_fields(world: World, field: str, value: Any) -> None:
    with unchanged(world):
        response = world.call("POST", "/products", {**BODY, field: value})
        refused(response, INVALID, "invalid-fields", field)


@pytest.mark.parametrize(
    ("field", "item"),
    [("quantity", {"sku": "user", "quantity": value}) for value in QUANTITIES]
    + [("quantity", {"sku": "user"}), ("sku", {"quantity": 1})]
    + [("sku", {"sku": value, "quantity": 1}) for value in ("", "x" * 65, "\0", "a b", None, 1)]
    + [("sku", {"sku": "nobody", "quantity": 1}), ("price", {**USER, "price": 1})],
)
def test_bad_items(world: World, field: str, item: Any) -> None:
    with unchanged(world):
        created = world.call("POST", "/products", {**BODY, "items": [NUMBER, item]})
        refused(created, INVALID, "invalid-fields", f"items.1.{field}")
        changed = world.call("PATCH", f"/products/{world.seat.id}", {"items": [NUMBER, item]})
        refused(changed, INVALID, "invalid-fields", f"items.1.{field}")


@pytest.mark.parametrize("field", BODY)
def test_missing_fields(world: World, field: str) -> None:
    body = {name: value for name, value in BODY.items() if name != field}
    with unchanged(world):
        refused(world.call("POST", "/products", body), INVALID, "invalid-fields", field)


@pytest.mark.parametrize("body", [b"", b"null", [], "x", 5])
def test_a_body_other_than_an_object_is_refused(world: World, body: Any) -> None:
    with unchanged(world):
        for method, path in (("POST", "/products"), ("PATCH", f"/products/{world.seat.id}")):
            response = world.call(method, path, body)
            refused(response, INVALID, "invalid-fields")


@pytest.mark.parametrize("quantity", [b"9" * 30, b"1e0", b"0x1", b"-1.0", b'"1"'])
def test_quantities_of_other_shapes(world: World, quantity: bytes) -> None:
    body = b'{"items": [{"sku": "user", "quantity": ' + quantity + b"}]}"
    with unchanged(world):
        response = world.call("PATCH", f"/products/{world.seat.id}", body)
        assert response.status_code in (400, 422), response.content


@pytest.mark.parametrize(
    "body", [b" ", b"{", b'{"name": NaN}', b'{"name": "\\ud800"}', b"[" * 9999]
)
def test_invalid_json_is_refused(world: World, body: bytes) -> None:
    with unchanged(world):
        for method, path in (("POST", "/products"), ("PATCH", f"/products/{world.seat.id}")):
            refused(world.call(method, path, body), 400, "invalid-json")
