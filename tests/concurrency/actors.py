"""Several actors at the same time, each in a thread with its own database connection."""

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from threading import Barrier
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from fusion.access.actor import Actor, Request
from fusion.catalogue.models import Product, Sku
from fusion.kernel.errors import Problem
from fusion.ordering.place import Draft, Line, place_order
from fusion.ordering.place_batch import Item, place_orders
from fusion.tenancy.models import Subscription
from tests.bounds import PATIENCE
from tests.world import World


def at_once[Result](*deeds: Callable[[], Result]) -> list[Result]:
    """Do all of these at the same moment; returns their results in sequence."""
    barrier = Barrier(len(deeds))

    def do(deed: Callable[[], Result]) -> Result:
        try:
            connection.ensure_connection()
            barrier.wait(PATIENCE)
            return deed()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(do, deeds))


class Meanwhile:
    """Actors that work while the test's own transaction is open."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool

    def start[Result](self, deed: Callable[[], Result]) -> "Future[Result]":
        """Start an actor; returns when it waits for a lock."""
        waiting = count_waiting()

        def do() -> Result:
            try:
                return deed()
            finally:
                connection.close()

        future = self._pool.submit(do)
        until = time.monotonic() + PATIENCE
        while count_waiting() <= waiting:
            assert time.monotonic() < until, "nobody waited"
            assert not future.done(), f"it did not wait: {future.result(PATIENCE)}"
            time.sleep(0.005)
        return future


@contextmanager
def holding() -> Iterator[Meanwhile]:
    """A transaction of the test; actors started in it wait for its commit."""
    with ThreadPoolExecutor(8) as pool, transaction.atomic():
        yield Meanwhile(pool)


def count_waiting() -> int:
    """The number of sessions that wait for a lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        (count,) = cursor.fetchone()
    return int(count)


def add(product: Product, quantity: int = 1) -> Line:
    """A line."""
    return Line(product.id, quantity)


def remove(product: Product, quantity: int = 1) -> Line:
    """A line."""
    return Line(product.id, quantity, "remove")


def actor_with(world: World, key: str | None, draft: object) -> Actor:
    """The group's actor, with an idempotency key derived from `draft`."""
    request = Request("test", key, hashlib.sha256(repr(draft).encode()).digest())
    return replace(world.actor(), request=request)


def order(
    world: World,
    *lines: Line,
    key: str | None = None,
    subscription: Subscription | None = None,
    **more: Any,
) -> tuple[str, Any]:
    """Place an order: ("placed" or "replayed", its document), or (the problem's code, it)."""
    draft = Draft((subscription or world.subscription).id, lines, **more)
    try:
        answer = place_order(actor_with(world, key, draft), draft=draft)
    except Problem as problem:
        return problem.code, problem.document()
    return "replayed" if answer.replayed else "placed", answer.body


def batch(
    world: World, drafts: Iterable[tuple[str | None, Draft]], key: str | None = None
) -> list[dict[str, Any]]:
    """Place a batch of (key, draft); returns its results."""
    chosen = list(drafts)
    items = [
        Item(draft, None, own, hashlib.sha256(repr(draft).encode()).digest())
        for own, draft in chosen
    ]
    answer = place_orders(actor_with(world, key, chosen), items=items)
    results: list[dict[str, Any]] = answer.body["results"]
    return results


def use(
    world: World, sku: Sku, *holders: str, verb: str = "ledger_consume", id: UUID | None = None
) -> Any:
    """Consume (or release) one unit for each holder, in a separate transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {verb}(%s::uuid, %s::uuid, %s::uuid, 'holder', %s::text[], 'test')",
            [world.group.id, id or world.subscription.id, sku.id, list(holders)],
        )
        return cursor.fetchone()[0]


def rows(sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """The result of a query."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


def balance(world: World, sku: Sku, id: UUID | None = None) -> tuple[int, int]:
    """(granted, used) of the world's subscription."""
    found = rows(
        "SELECT granted, used FROM ledger_balance WHERE subscription_id = %s AND sku_id = %s",
        [id or world.subscription.id, sku.id],
    )
    return found[0] if found else (0, 0)


def count_orders(world: World) -> int:
    """The number of the provider's orders."""
    [(count,)] = rows("SELECT count(*) FROM ordering_order WHERE group_id = %s", [world.group.id])
    return int(count)
