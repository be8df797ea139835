"""Rules of products: limits of the quantity held, and products that a product requires."""

from functools import partial
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from fusion.catalogue.change_product import change_product
from fusion.catalogue.create_product import create_product
from fusion.catalogue.delete_product import delete_product
from fusion.catalogue.models import Product, Requirement
from fusion.catalogue.rules import Item, Limits, cycle
from fusion.kernel.constraints import violated
from fusion.kernel.errors import Problem
from tests.catalogue.acting import (
    CONFLICT,
    INVALID,
    STALE,
    USER,
    events,
    one_waits_for_the_other,
    place,
    refused,
    sell,
    together,
    unchanged,
)
from tests.ordering.ruling import is_possible
from tests.world import World, answer

NO_LIMITS: dict[str, Any] = {
    "min_quantity": None,
    "max_quantity": None,
    "step": None,
    "requires": [],
}


def change(world: World, product: Any, **changes: Any) -> Any:
    """PATCH; the response."""
    return world.call("PATCH", f"/products/{product['id']}", changes)


def read(world: World, product: Any) -> Any:
    """The product as it is now."""
    return answer(world.call("GET", f"/products/{product['id']}"))


def is_marked(product: Any) -> bool:
    """Whether orders of the product look for requirements."""
    return Product.objects.unscoped("a test").get(id=product["id"]).has_requirements


def test_create_with_rules(world: World) -> None:
    sell(world, "base")
    limits = {"min_quantity": 5, "max_quantity": 50, "step": 5, "requires": ["seat", "base"]}
    product = sell(world, "office", **limits)
    assert {name: product[name] for name in limits} == {**limits, "requires": ["base", "seat"]}
    assert read(world, product) == product
    assert events(world, product["id"]) == [("product.created", product)]
    listed = answer(world.call("GET", "/products?q=office"))["items"]
    assert listed == [product]
    assert product["revision"] == 1


def test_change_rules(world: World) -> None:
    product = sell(world, "office")
    response = change(world, product, min_quantity=5, step=5, requires=["seat"])
    after = answer(response)
    assert response["ETag"] == '"2"'
    assert after == {**product, "min_quantity": 5, "step": 5, "requires": ["seat"]}
    assert after["revision"] == 1
    assert events(world, product["id"])[1:] == [("product.changed", after)]
    assert answer(change(world, product, name="New")) == {**after, "name": "New"}
    assert answer(change(world, product, **NO_LIMITS)) == {**product, "name": "New"}
    assert not Requirement.objects.filter(product_id=product["id"]).exists()


def test_requirements_are_replaced(world: World) -> None:
    for code in ("a", "b", "c"):
        sell(world, code)
    product = sell(world, "office", requires=["a", "b"])
    assert answer(change(world, product, requires=["c", "b"]))["requires"] == ["b", "c"]
    codes = {code: is_marked(answer(world.call("GET", f"/products?q={code}"))["items"][0])
             for code in ("a", "b", "c", "office", "seat")}  # fmt: skip
    assert codes == {"a": False, "b": True, "c": True, "office": True, "seat": False}


def test_a_tenant_sees_the_rules(world: World) -> None:
    product = sell(world, "office", step=5, requires=["seat"])
    assert answer(world.call("GET", f"/products/{product['id']}", by=world.tenant)) == product


@pytest.mark.parametrize(
    ("limits", "field"),
    [
        ({"min_quantity": 0}, "min_quantity"),
        ({"max_quantity": 1_000_001}, "max_quantity"),
        ({"step": "5"}, "step"),
        ({"min_quantity": 6, "max_quantity": 5}, "max_quantity"),
        ({"min_quantity": 6, "max_quantity": 9, "step": 5}, "step"),
        ({"max_quantity": 4, "step": 5}, "step"),
        ({"requires": ["nothing"]}, "requires.0"),
        ({"requires": ["seat", "seat"]}, "requires.1"),
        ({"requires": ["not a code"]}, "requires.0"),
        ({"requires": None}, "requires"),
        ({"requires": [f"p{n}" for n in range(21)]}, "requires"),
    ],
)
def test_invalid_rules(world: World, limits: dict[str, Any], field: str) -> None:
    product = sell(world, "office")
    with unchanged(world):
        refused(change(world, product, **limits), INVALID, "invalid-fields", field)
        body = {"code": "other", "name": "x", "items": [USER], **limits}
        refused(world.call("POST", "/products", body), INVALID, "invalid-fields", field)


def test_limits_are_judged_together_with_those_that_stay(world: World) -> None:
    product = sell(world, "office", min_quantity=10)
    with unchanged(world):
        problem = refused(
            change(world, product, max_quantity=9), INVALID, "invalid-fields", "max_quantity"
        )
    assert problem["errors"][0]["message"] == "must be the minimum (10) or more; it is 9"
    change(world, product, max_quantity=19)
    with unchanged(world):
        problem = refused(change(world, product, step=20), INVALID, "invalid-fields", "step")
    message = "no multiple of 20 lies between 10 and 19; change one of the three"
    assert problem["errors"][0]["message"] == message
    assert change(world, product, step=19).status_code == 200
    with unchanged(world):
        none = {"min_quantity": None, "max_quantity": 4, "step": 5}
        problem = refused(change(world, product, **none), INVALID, "invalid-fields", "step")
    message = "no multiple of 5 lies between 1 and 4; change one of the three"
    assert problem["errors"][0]["message"] == message


def test_no_product_requires_itself(world: World) -> None:
    a = sell(world, "a")
    b = sell(world, "b", requires=["a"])
    sell(world, "c", requires=["b", "seat"])
    with unchanged(world):
        for codes, chain in (
            (["a"], "a → a"),
            (["seat", "b"], "a → b → a"),
            (["seat", "c"], "a → c → b → a"),
        ):
            field = f"requires.{len(codes) - 1}"
            problem = refused(change(world, a, requires=codes), INVALID, "invalid-fields", field)
            message = f"a product cannot require itself: {chain}"
            assert problem["errors"][0]["message"] == message
    change(world, b, requires=[])
    assert answer(change(world, a, requires=["c"]))["requires"] == ["c"]


small = st.none() | st.integers(1, 8)


@given(small, small, small)
def test_limits_that_allow_no_quantity_are_found(
    least: int | None, most: int | None, step: int | None
) -> None:
    try:
        Limits(least, most, step).check()
        found = True
    except Problem:
        found = False
    assert found is is_possible((least, most, step))


edges = st.dictionaries(st.sampled_from("abcdef"), st.lists(st.sampled_from("abcdef"), max_size=4))


@given(edges)
def test_a_cycle_is_found_and_named(requires: dict[str, list[str]]) -> None:
    found = cycle(requires, "a")
    reached = {"a"}
    for _ in range(6):
        reached |= {code for each in reached for code in requires.get(each, [])}
    before_a = {each for each in reached if "a" in requires.get(each, [])}
    assert (found is not None) == bool(before_a)
    if found is not None:
        assert found[0] == found[-1] == "a" and len(set(found)) == len(found) - 1
        assert all(b in requires[a] for a, b in pairwise(found))


def test_a_required_product_is_not_deleted(world: World) -> None:
    base = sell(world, "base")
    sell(world, "office", requires=["base"])
    other = sell(world, "other", requires=["base"])
    for _ in ("never ordered", "ordered"):
        with unchanged(world):
            problem = refused(world.call("DELETE", f"/products/{base['id']}"), CONFLICT, "conflict")
        assert problem["required_by"] == ["office", "other"]
        assert problem["detail"].startswith("Other products require base: office, other.")
        assert place(world, base["id"])[0] == 201
    assert change(world, base, status="retired").status_code == 200
    assert read(world, other)["requires"] == ["base"]
    world.call("DELETE", f"/products/{other['id']}")
    with unchanged(world):
        problem = refused(world.call("DELETE", f"/products/{base['id']}"), CONFLICT, "conflict")
    assert problem["required_by"] == ["office"]


def test_a_deleted_product_requires_nothing(world: World) -> None:
    base = sell(world, "base")
    office = sell(world, "office", requires=["base"])
    before = read(world, office)
    assert world.call("DELETE", f"/products/{office['id']}").status_code == 204
    assert events(world, office["id"])[-1] == ("product.deleted", before)
    assert not is_marked(base)
    assert world.call("DELETE", f"/products/{base['id']}").status_code == 204


def test_the_database_refuses_what_the_use_cases_refuse(world: World) -> None:
    a, b = sell(world, "a"), sell(world, "b", requires=["a"])
    stranger = sell(World(), "a")
    limits = "UPDATE catalogue_product SET {} WHERE group_id = %s AND id = %s"
    of_a = (world.group.id, a["id"])
    row = (
        "INSERT INTO catalogue_requirement (group_id, product_id, required_id) VALUES (%s, %s, %s)"
    )
    for statement, parameters, constraint in (
        (limits.format("min_quantity = 0"), of_a, "product_limits"),
        (limits.format("max_quantity = 1000001"), of_a, "product_limits"),
        (limits.format("step = 0"), of_a, "product_limits"),
        (limits.format("min_quantity = 6, max_quantity = 5"), of_a, "product_allows_some"),
        (limits.format("max_quantity = 4, step = 5"), of_a, "product_allows_some"),
        (row, (*of_a, a["id"]), "requirement_of_another"),
        (row, (*of_a, b["id"]), "requirement_cycle"),
        (row, (*of_a, stranger["id"]), "requirement_required"),
        (row, (world.group.id, stranger["id"], a["id"]), "requirement_product"),
        (
            "DELETE FROM catalogue_product WHERE group_id = %s AND id = %s",
            of_a,
            "requirement_required",
        ),
    ):
        with (
            pytest.raises(IntegrityError) as refusal,
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement, parameters)
        assert violated(refusal.value) == constraint


def test_of_two_requirements_that_make_a_cycle_one_is_refused(world: World) -> None:
    for turn in range(6):
        a, b, c = (sell(world, f"{code}{turn}") for code in "abc")
        responses = together(
            partial(change, world, a, requires=[b["code"]]),
            partial(change, world, b, requires=[c["code"]]),
            partial(change, world, c, requires=[a["code"]]),
        )
        assert sorted(response.status_code for response in responses) == [200, 200, 422]


def test_a_requirement_waits_for_the_deletion_in_progress(world: World) -> None:
    base, office = sell(world, "base"), sell(world, "office")
    _, response = one_waits_for_the_other(
        lambda: delete_product(world.actor(), product_id=UUID(base["id"])),
        lambda: change(world, office, requires=["base"]),
    )
    refused(response, INVALID, "invalid-fields", "requires.0")


def test_a_deletion_waits_for_the_requirement_in_progress(world: World) -> None:
    base, office = sell(world, "base"), sell(world, "office")
    _, response = one_waits_for_the_other(
        lambda: change_product(
            world.actor(), product_id=UUID(office["id"]), changes={"requires": ["base"]}
        ),
        lambda: world.call("DELETE", f"/products/{base['id']}"),
    )
    refused(response, CONFLICT, "conflict")


def test_a_new_product_waits_for_the_deletion_of_what_it_requires(world: World) -> None:
    base = sell(world, "base")

    def create() -> Any:
        try:
            item = Item(sku="user", quantity=1)
            return create_product(
                world.actor(), code="office", name="x", items=[item], requires=["base"]
            )
        except Problem as problem:
            return problem

    _, problem = one_waits_for_the_other(
        lambda: delete_product(world.actor(), product_id=UUID(base["id"])), create
    )
    assert problem.code == "invalid-fields"
    assert (
        not Product.objects.unscoped("a test")
        .filter(group_id=world.group.id, code="office")
        .exists()
    )


def test_a_stale_change_of_rules_is_refused(world: World) -> None:
    product = sell(world, "office")
    change(world, product, step=5)
    path = f"/products/{product['id']}"
    with unchanged(world):
        response = world.call("PATCH", path, {"step": 10}, headers={"If-Match": '"1"'})
        refused(response, STALE, "stale-revision")
