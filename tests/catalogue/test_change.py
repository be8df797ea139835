"""Changing a product: texts, items and their revisions, status, conditions."""

from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction

from fusion.catalogue.change_product import change_product
from fusion.catalogue.rules import Item
from fusion.kernel.errors import Problem
from tests.catalogue.acting import (
    CONFLICT,
    INVALID,
    NUMBER,
    STALE,
    USER,
    events,
    refused,
    sell,
    unchanged,
)
from tests.owner import as_owner
from tests.paging import all_items
from tests.world import World, answer


def change(world: World, product: Any, changes: Any, **headers: str) -> Any:
    """PATCH; the response."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return world.call("PATCH", f"/products/{product['id']}", changes, headers=named)


def revisions(world: World, product: Any) -> list[tuple[int, Any]]:
    """Each revision and its items, newest first."""
    page = answer(world.call("GET", f"/products/{product['id']}/revisions?limit=500"))
    return [(row["revision"], row["items"]) for row in page["items"]]


def test_texts_make_no_revision(world: World) -> None:
    product = sell(world, "office", USER, external_reference="P-1")
    changes = {"name": "New", "description": "For one desk", "external_reference": None}
    response = change(world, product, changes)
    after = answer(response)
    assert after == {**product, **changes}
    assert (response.status_code, response["ETag"]) == (200, '"2"')
    assert answer(world.call("GET", f"/products/{product['id']}")) == after
    assert revisions(world, product) == [(1, [USER])]
    assert events(world, product["id"])[1:] == [("product.changed", after)]


def test_items_make_a_revision(world: World) -> None:
    product = sell(world, "office", USER)
    after = answer(change(world, product, {"items": [USER, NUMBER]}))
    assert (after["revision"], after["items"]) == (2, [NUMBER, USER])
    after = answer(change(world, product, {"items": [{"sku": "user", "quantity": 3}]}))
    assert (after["revision"], after["items"]) == (3, [{"sku": "user", "quantity": 3}])
    assert revisions(world, product) == [
        (3, [{"sku": "user", "quantity": 3}]),
        (2, [NUMBER, USER]),
        (1, [USER]),
    ]
    assert [type for type, _ in events(world, product["id"])[1:]] == ["product.changed"] * 2


def test_the_same_items_make_none(world: World) -> None:
    product = sell(world, "office", USER, NUMBER)
    for items in ([NUMBER, USER], [USER, NUMBER]):
        response = change(world, product, {"items": items, "name": "New"})
        assert answer(response) == {**product, "name": "New"}
    assert response["ETag"] == '"3"'
    assert revisions(world, product) == [(1, [NUMBER, USER])]


def test_going_back_is_a_new_revision(world: World) -> None:
    product = sell(world, "office", USER)
    change(world, product, {"items": [NUMBER]})
    assert answer(change(world, product, {"items": [USER]}))["revision"] == 3


def test_a_revision_records_actor_and_time(world: World) -> None:
    product = sell(world, "office", USER)
    actor = world.actor()
    change_product(
        actor,
        product_id=UUID(product["id"]),
        changes={"items": [Item(sku="be-geographic", quantity=1)]},
    )
    rows = answer(world.call("GET", f"/products/{product['id']}/revisions"))["items"]
    assert rows[0]["actor"] == actor.label
    assert rows[0]["at"] > rows[1]["at"]
    assert set(rows[0]) == {"revision", "items", "actor", "at"}


def test_revisions_page_by_page(world: World) -> None:
    product = sell(world, "office", USER)
    for quantity in range(2, 8):
        change(world, product, {"items": [{"sku": "user", "quantity": quantity}]})
    rows = all_items(world, f"/products/{product['id']}/revisions", 3)
    assert [row["revision"] for row in rows] == [7, 6, 5, 4, 3, 2, 1]


def test_retire_and_reactivate(world: World) -> None:
    product = sell(world, "office")
    retired = answer(change(world, product, {"status": "retired"}))
    assert retired == {**product, "status": "retired"}
    again = answer(change(world, product, {"status": "retired"}))
    active = answer(change(world, product, {"status": "active"}))
    assert active == product
    assert events(world, product["id"])[1:] == [
        ("product.retired", retired),
        ("product.changed", again),
        ("product.changed", active),
    ]


def test_every_accepted_change_has_a_new_etag(world: World) -> None:
    product = sell(world, "office")
    path = f"/products/{product['id']}"
    seen = {'"1"'}
    for changes in ({}, {"name": "office"}, {"status": "active"}, {"items": [USER]}):
        response = change(world, product, changes)
        assert response.status_code == 200
        assert response["ETag"] not in seen
        assert world.call("GET", path)["ETag"] == response["ETag"]
        seen.add(response["ETag"])


def test_a_stale_if_match_refuses_the_change(world: World) -> None:
    product = sell(world, "office")
    assert change(world, product, {"name": "A"}, If_Match='"1"').status_code == 200
    with unchanged(world):
        response = change(world, product, {"name": "B"}, If_Match='"1"')
        refused(response, STALE, "stale-revision")
        assert response["ETag"] == '"2"'
        refused(change(world, product, {}, If_Match='W/"2"'), STALE, "stale-revision")
        refused(change(world, product, {}, If_Match="2"), INVALID, "invalid-fields", "If-Match")
        refused(change(world, product, {}, If_Match=""), INVALID, "invalid-fields", "If-Match")
    assert change(world, product, {"name": "C"}, If_Match='"1", "2"').status_code == 200
    assert change(world, product, {"name": "D"}, If_Match="*").status_code == 200


def test_fields_are_judged_before_the_condition_and_that_before_the_state(world: World) -> None:
    sell(world, "first", external_reference="P-1")
    product = sell(world, "office")
    stale = '"9"'
    with unchanged(world):
        unknown = {"items": [{"sku": "nobody", "quantity": 1}]}
        refused(change(world, product, unknown, If_Match=stale), INVALID, "invalid-fields")
        taken = {"external_reference": "P-1"}
        refused(change(world, product, taken, If_Match=stale), STALE, "stale-revision")
        refused(change(world, product, taken), CONFLICT, "external-reference-taken")


def test_an_unchanged_product_is_304(world: World) -> None:
    product = sell(world, "office")
    path = f"/products/{product['id']}"
    for tag in ('"1"', 'W/"1"', "*", '"7", "1"'):
        response = world.call("GET", path, headers={"If-None-Match": tag})
        assert (response.status_code, response.content) == (304, b"")
        assert response["ETag"] == '"1"'
    for tag in ('"2"', "1", ""):
        response = world.call("GET", path, headers={"If-None-Match": tag})
        assert answer(response) == product


def test_one_refused_field_refuses_all(world: World) -> None:
    product = sell(world, "office")
    with unchanged(world):
        for wrong in ({"status": "gone"}, {"items": [{"sku": "nobody", "quantity": 1}]}):
            refused(change(world, product, {"name": "New", **wrong}), INVALID, "invalid-fields")


BAD_ITEMS: list[Any] = [[], None, {}, [USER] * 101]
BAD_FIELDS: list[tuple[str, Any]] = (
    [("code", "new"), ("revision", 2), ("version", 2), ("group_id", "x"), ("surprise", 1)]
    + [("name", value) for value in ("", " ", "x" * 201, "nul\0", None, 5)]
    + [("description", value) for value in ("x" * 2001, "nul\0", 5)]
    + [("external_reference", value) for value in ("", " ", "x" * 101, "nul\0", 5)]
    + [("status", value) for value in ("gone", "Active", "", None, True)]
    + [("items", value) for value in BAD_ITEMS]
)


@pytest.mark.parametrize(("field", "value"), BAD_FIELDS)
def test_bad_fields(world: World, field: str, value: Any) -> None:
    with unchanged(world):
        response = change(world, {"id": world.seat.id}, {field: value})
        refused(response, INVALID, "invalid-fields", field)


def test_the_verb_judges_visibility_for_itself(world: World) -> None:
    theirs = World().seat.id
    with unchanged(world), pytest.raises(Problem, match="product does not exist"):
        change_product(world.actor(), product_id=theirs, changes={"name": "x"})


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE catalogue_productrevision SET actor = 'x' WHERE product_id = %s",
        "UPDATE catalogue_revisionitem SET quantity = 9 WHERE product_id = %s",
    ],
)
def test_the_database_keeps_revisions_as_they_are(world: World, statement: str) -> None:
    with (
        unchanged(world),
        as_owner(),
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement, [world.seat.id])
