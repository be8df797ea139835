"""Placing orders in tests, and reading their effects."""

from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from django.http import HttpResponse

from fusion.catalogue.models import Product, ProductRevision, RevisionItem, Sku
from fusion.kernel.ids import new_id
from fusion.tenancy.models import Subscription
from tests.world import World, answer


def line(product: Product, quantity: int = 1, action: str = "add") -> dict[str, Any]:
    """A line of the API."""
    return {"product_id": str(product.id), "quantity": quantity, "action": action}


def draft(
    world: World, *lines: dict[str, Any], subscription: Subscription | None = None, **more: Any
) -> dict[str, Any]:
    """The body of an order: by default one seat."""
    return {
        "subscription_id": str((subscription or world.subscription).id),
        "lines": list(lines) or [line(world.seat)],
        **more,
    }


def place(
    world: World, *lines: dict[str, Any], key: str | None = None, **more: Any
) -> HttpResponse:
    """POST an order of the world's subscription."""
    headers = {} if key is None else {"Idempotency-Key": key}
    return world.call("POST", "/orders", draft(world, *lines, **more), headers=headers)


def place_as_before(
    world: World, request_id: str = "", **more: Any
) -> tuple[int, bool, dict[str, Any]]:
    """Place an order like a server of the previous release; returns status, replayed, answer.

    Such a server passes texts unchanged, and no client address.
    """
    order = {
        "id": str(new_id()),
        "subscription_id": str(world.subscription.id),
        "lines": [line(world.seat)],
        **more,
    }
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT status, replayed, answer"
            " FROM ordering_place(%s::uuid, 'client:old', %s::text, %s::jsonb)",
            [world.group.id, request_id, orjson.dumps([order]).decode()],
        )
        status, replayed, text = cursor.fetchone()
    return status, replayed, orjson.loads(text)


def placed(world: World, *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The document of an accepted order."""
    response = place(world, *lines, **more)
    assert response.status_code == 201, response.content
    document: dict[str, Any] = answer(response)
    return document


def refused(
    world: World, status: int, code: str, *lines: dict[str, Any], **more: Any
) -> dict[str, Any]:
    """The problem of a refused order; checks that nothing changed."""
    before = world.fingerprint()
    response = place(world, *lines, **more)
    problem: dict[str, Any] = answer(response)
    assert (response.status_code, problem["code"]) == (status, code), problem
    assert problem["status"] == status
    assert world.fingerprint() == before
    return problem


def balances(world: World, subscription: Subscription | None = None) -> dict[str, tuple[int, int]]:
    """SKU code → (granted, used), from the API."""
    path = f"/subscriptions/{(subscription or world.subscription).id}/balances"
    items = answer(world.call("GET", path))["items"]
    for item in items:
        assert item["available"] == item["granted"] - item["used"]
    return {
        item["sku"]: (item["granted"], item["used"])
        for item in items
        if item["granted"] or item["used"] or not item["pending"]  # else it is only scheduled
    }


def holdings(world: World) -> dict[tuple[str, int], int]:
    """(product code, revision) → quantity, from the API."""
    items = answer(world.call("GET", f"/subscriptions/{world.subscription.id}/holdings"))["items"]
    return {(item["product_code"], item["revision"]): item["quantity"] for item in items}


def ledger(function: str, subscription: UUID, sku: UUID, holders: list[str]) -> Any:
    """Consume or release one unit for each holder; returns the refusal, None without one."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {function}(s.group_id, s.id, %s::uuid, 'holder', %s::text[], 'test')::text"
            " FROM tenancy_subscription s WHERE s.id = %s::uuid",
            [sku, holders, subscription],
        )
        (told,) = cursor.fetchone()
    return None if told is None else orjson.loads(told)


def consume(world: World, sku: Sku, *holders: str, verb: str = "ledger_consume") -> None:
    """Consume one unit of `sku` per holder, as provisioning would; or release it."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {verb}(%s::uuid, %s::uuid, %s::uuid, 'holder', %s::text[], 'test')",
            [world.group.id, world.subscription.id, sku.id, list(holders)],
        )
        assert cursor.fetchone() == (None,)


def release(world: World, sku: Sku, *holders: str) -> None:
    """Release the units of `consume`."""
    consume(world, sku, *holders, verb="ledger_release")


def revise(product: Product, items: dict[Sku, int]) -> None:
    """Give `product` a new revision with `items`."""
    product.revision += 1
    of_it = {"group_id": product.group_id, "product": product, "revision": product.revision}
    ProductRevision(**of_it, actor="test").save(force_insert=True)
    for sku, quantity in items.items():
        RevisionItem(**of_it, sku=sku, quantity=quantity).save(force_insert=True)
    product.save(update_fields=["revision"])


def retire(product: Product, status: str = "retired") -> None:
    """Retire `product`, or reactivate it."""
    product.status = status
    product.save(update_fields=["status"])


def terminate(world: World) -> None:
    """Terminate the world's subscription."""
    response = world.call("POST", f"/subscriptions/{world.subscription.id}/terminate")
    assert response.status_code == 200


def fall_due(*orders: dict[str, Any]) -> None:
    """Make scheduled orders due: a moment ago, in the given sequence."""
    with connection.cursor() as cursor:
        for index, order in enumerate(orders):
            cursor.execute(
                "UPDATE ordering_order SET effective_at = now() - interval '1 hour'"
                " + %s * interval '1 second' WHERE id = %s AND state = 'scheduled'",
                [index, order["id"]],
            )


def seen(world: World, order: dict[str, Any]) -> dict[str, Any]:
    """The current order."""
    response = world.call("GET", f"/orders/{order['id']}")
    assert response.status_code == 200
    document: dict[str, Any] = answer(response)
    return document


def events(world: World, prefix: str = "") -> list[dict[str, Any]]:
    """The group's events whose types start with `prefix`, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT type, subject, data::text FROM events_event"
            " WHERE group_id = %s AND starts_with(type, %s) ORDER BY epoch, xid, id",
            [world.group.id, prefix],
        )
        names = ("type", "subject", "data")
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
