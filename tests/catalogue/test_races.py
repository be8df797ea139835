"""Two at once: edits of one product, and edits and deletions against orders for it."""

from collections import Counter
from functools import partial
from typing import Any
from uuid import UUID

from django.db import connection

from fusion.catalogue.change_product import change_product
from fusion.catalogue.delete_product import delete_product
from fusion.catalogue.models import Product
from fusion.catalogue.rules import Item
from fusion.ordering.models import OrderLine
from tests.catalogue.acting import one_waits_for_the_other, place, sell, together
from tests.world import World, answer


def read(world: World, product_id: str) -> dict:  # type: ignore[type-arg]
    """The product, or {} where it is gone."""
    response = world.call("GET", f"/products/{product_id}")
    return answer(response) if response.status_code == 200 else {}


def test_no_edit_is_lost(world: World) -> None:
    product = sell(world, "office")
    path = f"/products/{product['id']}"
    edits: list[dict[str, Any]] = [
        {"items": [{"sku": "user", "quantity": quantity}]} for quantity in range(2, 10)
    ]
    edits += [{"name": "New"}, {"description": "Also new"}, {"external_reference": "P-1"}]
    actions = [lambda edit=edit: world.call("PATCH", path, edit) for edit in edits]
    responses = together(*actions)
    assert {response.status_code for response in responses} == {200}
    assert {response["ETag"] for response in responses} == {f'"{n}"' for n in range(2, 13)}
    last = read(world, product["id"])
    assert (last["name"], last["description"], last["external_reference"], last["revision"]) == (
        "New",
        "Also new",
        "P-1",
        9,
    )
    rows = answer(world.call("GET", f"{path}/revisions"))["items"]
    assert [row["revision"] for row in rows] == list(range(9, 0, -1))
    assert sorted(row["items"][0]["quantity"] for row in rows) == list(range(1, 10))
    assert [row["at"] for row in rows] == sorted((row["at"] for row in rows), reverse=True)


def test_of_edits_on_one_condition_one_wins(world: World) -> None:
    product = sell(world, "office")
    path, condition = f"/products/{product['id']}", {"If-Match": '"1"'}
    actions = [
        lambda name=name: world.call("PATCH", path, {"name": name}, headers=condition)
        for name in "abcdefgh"
    ]
    responses = together(*actions)
    assert sorted(response.status_code for response in responses) == [200] + [412] * 7
    [won] = [response for response in responses if response.status_code == 200]
    assert read(world, product["id"]) == answer(won)


def test_an_edit_goes_on_from_the_one_it_waited_for(world: World) -> None:
    product = sell(world, "office")
    path = f"/products/{product['id']}"
    two, three = ([Item(sku="user", quantity=quantity)] for quantity in (2, 3))
    id = UUID(product["id"])
    first, second = one_waits_for_the_other(
        lambda: change_product(world.actor(), product_id=id, changes={"items": two}),
        lambda: world.call("PATCH", path, {"items": three}),
    )
    assert (first.body["revision"], answer(second)["revision"]) == (2, 3)
    assert (first.version, second["ETag"]) == (2, '"3"')


def test_an_order_keeps_one_revision_while_the_product_is_edited(world: World) -> None:
    product = sell(world, "office")
    path = f"/products/{product['id']}"

    def order() -> None:
        for _ in range(15):
            assert place(world, product["id"])[0] == 201

    def edit() -> None:
        for step in range(30):
            items = [{"sku": "user", "quantity": 2 + step % 7}]
            if step % 2:
                items.append({"sku": "be-geographic", "quantity": 1 + step})
            assert world.call("PATCH", path, {"items": items}).status_code == 200

    together(order, edit, order, order)
    rows = answer(world.call("GET", f"{path}/revisions?limit=500"))["items"]
    made_of = {
        row["revision"]: Counter({i["sku"]: i["quantity"] for i in row["items"]}) for row in rows
    }
    lines = OrderLine.objects.filter(product_id=product["id"])
    assert len(lines) == 45
    sold: Counter[str] = Counter()
    for line in lines:
        assert _granted(line.order_id) == made_of[line.revision]
        sold += made_of[line.revision]
    assert _balances(world) == sold


def test_a_deletion_waits_for_the_order_under_way(world: World) -> None:
    product = sell(world, "office")
    (status, order), deletion = one_waits_for_the_other(
        lambda: place(world, product["id"]),
        lambda: world.call("DELETE", f"/products/{product['id']}"),
    )
    assert (status, deletion.status_code) == (201, 204)
    assert read(world, product["id"])["status"] == "retired"
    assert order["lines"][0]["revision"] == 1


def test_an_order_waits_for_the_deletion_under_way(world: World) -> None:
    product = sell(world, "office")
    id = UUID(product["id"])
    deletion, (status, problem) = one_waits_for_the_other(
        lambda: delete_product(world.actor(), product_id=id),
        lambda: place(world, product["id"]),
    )
    assert (deletion.status, status, problem["code"]) == (204, 404, "not-found")
    assert not OrderLine.objects.filter(product_id=product["id"]).exists()


def _delete(world: World, product_id: str) -> int:
    return world.call("DELETE", f"/products/{product_id}").status_code


def _place(world: World, product_id: str) -> int:
    return place(world, product_id)[0]


def test_no_order_line_outlives_its_product(world: World) -> None:
    outcomes: Counter[Any] = Counter()
    for turn in range(12):
        product = sell(world, f"p{turn}")
        deletion, *orders = together(
            partial(_delete, world, product["id"]),
            *[partial(_place, world, product["id"])] * 3,
        )
        lines = OrderLine.objects.filter(product_id=product["id"]).count()
        left = read(world, product["id"])
        assert deletion == 204
        assert lines == orders.count(201)
        assert set(orders) <= {201, 404, 409}
        assert bool(left) == bool(lines)
        if left:
            assert left["status"] == "retired"
        outcomes["kept" if left else "gone"] += 1
    assert outcomes.total() == 12


def test_retiring_against_orders(world: World) -> None:
    product = sell(world, "office")
    path = f"/products/{product['id']}"

    def order() -> list[int]:
        return [place(world, product["id"])[0] for _ in range(15)]

    def retire() -> list[int]:
        return [world.call("PATCH", path, {"status": "retired"}).status_code]

    first, retired, second = together(order, retire, order)
    assert retired == [200]
    for statuses in (first, second):
        assert set(statuses) <= {201, 409}
        assert statuses == sorted(statuses), "ordered again after it was retired"
    placed = first.count(201) + second.count(201)
    assert OrderLine.objects.filter(product_id=product["id"]).count() == placed
    assert _balances(world) == Counter({"user": placed})
    assert place(world, product["id"])[0] == 409


def test_two_deletions_at_once(world: World) -> None:
    product = sell(world, "office")
    path = f"/products/{product['id']}"
    responses = together(*[lambda: world.call("DELETE", path)] * 4)
    assert sorted(response.status_code for response in responses) == [204] + [404] * 3
    assert not Product.objects.unscoped("a test").filter(id=product["id"]).exists()


def _granted(order_id: UUID) -> Counter[str]:
    """What an order granted, by the ledger."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.code, e.quantity FROM ledger_entry e"
            " JOIN catalogue_sku s ON s.id = e.sku_id WHERE e.order_id = %s",
            [order_id],
        )
        return Counter(dict(cursor.fetchall()))


def _balances(world: World) -> Counter[str]:
    """What the subscription holds, by SKU."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sku, granted FROM ledger_balance WHERE subscription_id = %s AND granted > 0",
            [world.subscription.id],
        )
        return Counter(dict(cursor.fetchall()))
