"""Deleting a product: gone for good, or retired where it was ever ordered."""

from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction

from fusion.catalogue.delete_product import delete_product
from fusion.catalogue.models import ProductRevision, RevisionItem
from fusion.kernel.errors import Problem
from tests.catalogue.acting import (
    INVALID,
    NOT_FOUND,
    STALE,
    events,
    place,
    refused,
    sell,
    unchanged,
)
from tests.world import World, answer


def test_a_product_that_was_never_ordered_is_removed(world: World) -> None:
    product = sell(world, "office", external_reference="P-1")
    path = f"/products/{product['id']}"
    world.call("PATCH", path, {"items": [{"sku": "user", "quantity": 7}]})
    before = answer(world.call("GET", path))
    response = world.call("DELETE", path)
    assert (response.status_code, response.content) == (204, b"")
    refused(world.call("GET", path), NOT_FOUND, "not-found")
    refused(world.call("DELETE", path), NOT_FOUND, "not-found")
    assert events(world, product["id"])[-1] == ("product.deleted", before)
    for rows in (ProductRevision.objects, RevisionItem.objects):
        assert not rows.filter(product_id=product["id"]).exists()
    sell(world, "office", external_reference="P-1")


def test_ordered_is_retired(world: World) -> None:
    product = sell(world, "office")
    path = f"/products/{product['id']}"
    assert place(world, product["id"])[0] == 201
    assert world.call("DELETE", path).status_code == 204
    response = world.call("GET", path)
    assert answer(response) == {**product, "status": "retired"}
    assert response["ETag"] == '"2"'
    assert events(world, product["id"])[-1] == ("product.retired", answer(response))
    assert place(world, product["id"])[0] == 409
    assert place(world, product["id"], action="remove")[0] == 201
    assert world.call("PATCH", path, {"status": "active"}).status_code == 200
    assert place(world, product["id"])[0] == 201


def test_a_retired_product_stays_unchanged(world: World) -> None:
    product = sell(world, "office")
    path = f"/products/{product['id']}"
    place(world, product["id"])
    world.call("DELETE", path)
    result = events(world, product["id"])
    assert world.call("DELETE", path).status_code == 204
    assert world.call("GET", path)["ETag"] == '"2"'
    assert events(world, product["id"]) == result


def test_ordered_once_and_removed_again_is_still_ordered(world: World) -> None:
    product = sell(world, "office")
    place(world, product["id"])
    place(world, product["id"], action="remove")
    assert world.call("DELETE", f"/products/{product['id']}").status_code == 204
    assert answer(world.call("GET", f"/products/{product['id']}"))["status"] == "retired"


def test_a_stale_if_match_refuses_the_deletion(world: World) -> None:
    product = sell(world, "office")
    path = f"/products/{product['id']}"
    world.call("PATCH", path, {"name": "New"})
    with unchanged(world):
        stale = world.call("DELETE", path, headers={"If-Match": '"1"'})
        refused(stale, STALE, "stale-revision")
        malformed = world.call("DELETE", path, headers={"If-Match": "2"})
        refused(malformed, INVALID, "invalid-fields", "If-Match")
    assert world.call("DELETE", path, headers={"If-Match": '"2"'}).status_code == 204


def test_allowed_roles(world: World) -> None:
    for actor in (world.actor("group", "agent"), world.actor("reseller")):
        with unchanged(world), pytest.raises(Problem) as refusal:
            delete_product(actor, product_id=world.seat.id)
        assert refusal.value.code == "forbidden"
    theirs = World().seat.id
    with unchanged(world), pytest.raises(Problem, match="product does not exist"):
        delete_product(world.actor(), product_id=theirs)


def test_the_database_keeps_ordered_products(world: World) -> None:
    product = sell(world, "office")
    place(world, product["id"])
    with (
        unchanged(world),
        pytest.raises(IntegrityError, match="stands in an order"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("DELETE FROM catalogue_product WHERE id = %s", [UUID(product["id"])])
