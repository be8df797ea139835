"""Common steps of the catalogue's tests: create products, order, check, and act concurrently."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import orjson
from django.db import connection, transaction
from django.http import HttpResponse

from fusion.access.actor import KINDS
from fusion.kernel.ids import new_id
from tests.world import World, answer

USER = {"sku": "user", "quantity": 1}
NUMBER = {"sku": "be-geographic", "quantity": 1}
NOT_FOUND, CONFLICT, STALE, INVALID = 404, 409, 412, 422


@contextmanager
def unchanged(world: World) -> Iterator[None]:
    """Checks that the code inside changes nothing of this provider."""
    for kind in KINDS:
        world.token(getattr(world, kind))  # otherwise its first use would create a client
    before = world.fingerprint()
    yield
    assert world.fingerprint() == before


def refused(response: HttpResponse, status: int, code: str, field: str = "") -> Any:
    """The problem in the response; it names `field` if one is given."""
    problem = answer(response)
    assert (response.status_code, problem["code"]) == (status, code), problem
    assert response["Content-Type"] == "application/problem+json"
    if field:
        assert field in [error["field"] for error in problem["errors"]], problem
    return problem


def sell(world: World, code: str, *items: dict[str, Any], **fields: Any) -> Any:
    """A product created through the API."""
    body = {"code": code, "name": code, "items": list(items) or [USER], **fields}
    response = world.call("POST", "/products", body)
    assert response.status_code == 201, response.content
    return answer(response)


def place(world: World, product_id: str, quantity: int = 1, action: str = "add") -> tuple[int, Any]:
    """Place an order of one line; returns its status and document."""
    line = {"product_id": product_id, "action": action, "quantity": quantity}
    order = {
        "id": str(new_id()),
        "subscription_id": str(world.subscription.id),
        "lines": [line],
    }
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT status, answer FROM ordering_place(%s, 'test', 'test', %s::jsonb)",
            [world.group.id, orjson.dumps([order]).decode()],
        )
        status, text = cursor.fetchone()
    return status, orjson.loads(text)


def events(world: World, product_id: str) -> list[tuple[str, Any]]:
    """The events of a product, oldest first: type and data."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT type, data::text, path FROM events_event"
            " WHERE group_id = %s AND subject = %s ORDER BY id",
            [world.group.id, product_id],
        )
        rows = cursor.fetchall()
    assert all(path == world.group.path for _, _, path in rows)
    return [(type, orjson.loads(data)) for type, data, _ in rows]


def together[Result](*actions: Callable[[], Result]) -> list[Result]:
    """Do all of these at the same time, each over its own connection."""

    def do(change: Callable[[], Result]) -> Result:
        try:
            return change()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(do, actions))


def one_waits_for_the_other[First, Second](
    first: Callable[[], First], second: Callable[[], Second]
) -> tuple[First, Second]:
    """Do `first`, and before its commit start `second`, which must wait for it."""

    def do() -> Second:
        try:
            return second()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            done = first()
            running = pool.submit(do)
            until = time.monotonic() + 10
            while not _someone_waits():
                assert time.monotonic() < until and not running.done(), "nothing waited"
                time.sleep(0.01)
        return done, running.result(timeout=10)


def _someone_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])
