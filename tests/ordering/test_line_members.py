"""Lines name their product by id, code or external reference; every wrong member is named."""

from typing import Any

import pytest

from tests.ordering.placing import draft, holdings, line, placed, refused
from tests.world import World


def test_products_by_code_and_reference(world: World) -> None:
    world.seat.external_reference = "art-1"
    world.seat.save(update_fields=["external_reference"])
    other = world.product("other", {world.user_sku: 1})
    order = placed(
        world,
        {"product_code": "other", "quantity": 2},
        {"product_external_reference": " art-1 ", "quantity": 3},
    )
    assert [each["product_id"] for each in order["lines"]] == [str(other.id), str(world.seat.id)]
    assert holdings(world) == {("other", 1): 2, ("seat", 1): 3}


def test_the_same_product_by_different_names(world: World) -> None:
    for first, second in (("add", "add"), ("set", "remove")):
        lines = [
            line(world.seat, 1, first),
            {"product_code": "seat", "quantity": 1, "action": second},
        ]
        refused(world, 422, "duplicate-line", *lines)
    placed(world, line(world.seat))
    placed(world, line(world.seat), {"product_code": "seat", "quantity": 1, "action": "remove"})


@pytest.mark.parametrize("name", ["product_code", "product_external_reference"])
def test_unknown_names_are_not_found(world: World, name: str) -> None:
    World()  # another group, with a product `seat` too
    unknown = {name: "no-such", "quantity": 1}
    problem = refused(world, 404, "not-found", line(world.seat), unknown)
    assert "lines.1" in problem["detail"]
    # Visibility comes before the fields, and before the role.
    refused(world, 404, "not-found", {**unknown, "quantity": 0})
    before = world.fingerprint()
    response = world.call("POST", "/orders", draft(world, unknown), by=world.tenant)
    assert response.status_code == 404
    known = {"product_code": "seat", "quantity": 1}
    response = world.call("POST", "/orders", draft(world, known), by=world.tenant)
    assert response.status_code == 403
    assert world.fingerprint() == before


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"product_code": "seat"}, "product_id"),
    ({"product_id": None}, "product_id"),
    ({"product_id": None, "product_code": "a b"}, "product_code"),
    ({"product_id": None, "product_external_reference": ""}, "product_external_reference"),
    ({"action": "set", "quantity": -1}, "quantity"),
    ({"action": "set", "quantity": 2_000_000_001}, "quantity"),
    ({"quantity": 1_000_001}, "quantity"),
    ({"quantity": 0}, "quantity"),
    ({"action": "remove", "quantity": 0}, "quantity"),
    ({"revision": 1}, "revision"),
    ({"action": "set", "revision": 1}, "revision"),
    ({"action": "remove", "revision": 0}, "revision"),
    ({"action": "remove", "revision": "1"}, "revision"),
    ({"action": "remove", "revision": 2**31}, "revision"),
    ({"expected_quantity": -1}, "expected_quantity"),
    ({"expected_quantity": True}, "expected_quantity"),
    ({"external_reference": "x" * 101}, "external_reference"),
    ({"external_reference": " "}, "external_reference"),
]


@pytest.mark.parametrize(("wrong", "field"), WRONG, ids=repr)
def test_wrong_members_of_a_line(world: World, wrong: dict[str, Any], field: str) -> None:
    problem = refused(world, 422, "invalid-fields", {**line(world.seat), **wrong})
    assert [error["field"] for error in problem["errors"]] == [f"lines.0.{field}"]
