"""A product is edited, or removed, while it is being ordered."""

import time
from functools import partial
from threading import Event

from django.db import connection

from fusion.catalogue.change_product import change_product
from fusion.catalogue.delete_product import delete_product
from fusion.catalogue.models import Product
from fusion.cli.verify import differences
from tests.bounds import PATIENCE
from tests.concurrency.actors import add, at_once, balance, holding, order, remove, rows
from tests.world import World, make_subscription

REVISIONS = """
SELECT l.revision, l.quantity, e.quantity
FROM ordering_orderline l
LEFT JOIN ledger_entry e ON e.order_id = l.order_id AND e.order_position = l.position
WHERE l.product_id = %s AND l.action = 'add'
"""


def _edit(world: World, product: Product, quantity: int) -> int:
    items = [{"sku": world.user_sku.code, "quantity": quantity}]
    answer = change_product(
        world.actor(),
        product_id=product.id,
        changes={"items": items},  # type: ignore[typeddict-item]
    )
    return int(answer.body["revision"])


def test_each_line_carries_one_revision_and_its_entries_match(world: World) -> None:
    """Revision n holds n users: what was granted tells which revision it came from."""
    product = world.product("changing", {world.user_sku: 1})
    subscriptions = [make_subscription(world.tenant, f"s{i}") for i in range(4)]
    done = Event()

    def edit() -> None:
        for quantity in range(2, 30):
            assert _edit(world, product, quantity) == quantity
            time.sleep(0.002)  # leaves the orders some time with each revision
        done.set()

    def place(n: int) -> None:
        deadline = time.monotonic() + PATIENCE
        while not done.is_set():
            assert time.monotonic() < deadline, "the edits do not end"
            assert order(world, add(product, 3), subscription=subscriptions[n])[0] == "placed"

    at_once(edit, *[lambda n=n: place(n) for n in range(4)])
    lines = rows(REVISIONS, [product.id])
    assert {granted - revision * quantity for revision, quantity, granted in lines} == {0}
    assert len({revision for revision, *_ in lines}) > 5
    # What was held of old revisions is given back by their contents.
    for each in subscriptions:
        [(held,)] = rows(
            "SELECT sum(quantity) FROM ordering_holding WHERE subscription_id = %s", [each.id]
        )
        assert order(world, remove(product, int(held)), subscription=each)[0] == "placed"
        assert balance(world, world.user_sku, each.id) == (0, 0)
    assert differences() == []


def test_an_edit_waits_for_no_order_and_no_order_for_an_edit(world: World) -> None:
    with holding():
        _edit(world, world.seat, 5)
        [(code, document)] = at_once(lambda: order(world, add(world.seat)))
        assert (code, document["lines"][0]["revision"]) == ("placed", 1)
    assert order(world, add(world.seat))[1]["lines"][0]["revision"] == 2


def test_a_removal_waits_for_an_order_under_way_and_then_retires(world: World) -> None:
    with holding() as meanwhile:
        assert order(world, add(world.seat))[0] == "placed"
        removal = meanwhile.start(
            lambda: delete_product(world.actor(), product_id=world.seat.id).status
        )
    assert removal.result(PATIENCE) == 204
    assert rows("SELECT status FROM catalogue_product WHERE id = %s", [world.seat.id]) == [
        ("retired",)
    ]
    assert order(world, remove(world.seat))[0] == "placed"


def test_an_order_waits_for_a_removal_under_way_and_finds_nothing(world: World) -> None:
    with holding() as meanwhile:
        delete_product(world.actor(), product_id=world.seat.id)
        late = meanwhile.start(lambda: order(world, add(world.seat)))
    assert late.result(PATIENCE)[0] == "not-found"
    assert rows("SELECT count(*) FROM ordering_order WHERE group_id = %s", [world.group.id]) == [
        (0,)
    ]


def _delete(world: World, product: Product) -> int:
    return delete_product(world.actor(), product_id=product.id).status


def _order(world: World, product: Product) -> str:
    return order(world, add(product))[0]


def test_removals_against_orders_many_times(world: World) -> None:
    for n in range(12):
        product = world.product(f"p{n}", {world.user_sku: 1})
        outcomes = at_once(
            partial(_delete, world, product),
            *[partial(_order, world, product)] * 3,
        )
        with connection.cursor() as cursor:
            cursor.execute("SELECT status FROM catalogue_product WHERE id = %s", [product.id])
            left = cursor.fetchone()
        was_ordered = "placed" in outcomes
        assert left == (("retired",) if was_ordered else None)
        assert set(outcomes[1:]) <= {"placed", "product-retired" if was_ordered else "not-found"}
    assert differences() == []
