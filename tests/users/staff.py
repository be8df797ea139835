"""Users for tests, and operations on them."""

from collections.abc import Sequence
from typing import Any, cast

import orjson
from django.db import connection
from django.http import HttpResponse
from django.test import Client

from fusion.tenancy.models import Subscription
from fusion.users.provision import CHUNK, provision_batch
from tests.bounds import drain
from tests.numbers.stock import french, stock
from tests.ordering.placing import line, placed
from tests.paging import all_items
from tests.world import World, answer


def at(world: World, *parts: object, subscription: Subscription | None = None) -> str:
    """The path of a subscription's users."""
    parts = ("subscriptions", (subscription or world.subscription).id, "users", *parts)
    return "".join(f"/{part}" for part in parts)


def equip(
    world: World, licences: int, numbers: int, subscription: Subscription | None = None
) -> list[str]:
    """Order licences and entitlements, and assign that many numbers; returns the numbers."""
    if not hasattr(world, "equipment"):
        world.equipment = (  # type: ignore[attr-defined]
            world.product("only-user", {world.user_sku: 1}),
            world.product("only-number", {french(world): 1}),
        )
    user, number = world.equipment  # type: ignore[attr-defined]
    for product, quantity in ((user, licences), (number, numbers)):
        if quantity:
            placed(world, line(product, quantity), subscription=subscription)
    found: list[str] = []
    if numbers:
        stock(world, numbers)
        where = f"/subscriptions/{(subscription or world.subscription).id}/numbers"
        response = world.call("POST", where, {"sku": french(world).code, "quantity": numbers})
        assert response.status_code == 201, response.content
        found = [item["e164"] for item in answer(response)["items"]]
    return found


def create(world: World, login: str = "anna", **more: Any) -> HttpResponse:
    """POST a user."""
    where = at(world, subscription=more.pop("subscription", None))
    key = more.pop("key", None)
    by = more.pop("by", None)
    headers = {"Idempotency-Key": key} if key else {}
    body = {"login": login, "display_name": login.title() or "x", **more}
    return world.call("POST", where, body, by=by, headers=headers)


def created(world: World, login: str = "anna", **more: Any) -> dict[str, Any]:
    """The document of a new user."""
    response = create(world, login, **more)
    assert response.status_code == 201, response.content
    document: dict[str, Any] = answer(response)
    return document


def link(world: World, user: dict[str, Any], number: str, by: Any = None) -> HttpResponse:
    """PUT a number."""
    where = f"/subscriptions/{user['subscription_id']}/users/{user['id']}/number"
    return world.call("PUT", where, {"number": number}, by=by)


def linked(world: World, user: dict[str, Any], number: str) -> dict[str, Any]:
    """Link a user; returns the document."""
    response = link(world, user, number)
    assert response.status_code == 200, response.content
    document: dict[str, Any] = answer(response)
    return document


def unlink(world: World, user: dict[str, Any]) -> HttpResponse:
    """DELETE the number."""
    return world.call("DELETE", at(world, user["id"], "number"))


def seen(world: World, user: dict[str, Any]) -> Any:
    """The current user; None if it was deleted."""
    response = world.call("GET", at(world, user["id"]))
    return answer(response) if response.status_code == 200 else None


def submit(
    world: World,
    rows: Sequence[Any] | bytes,
    media: str = "application/json",
    subscription: Subscription | None = None,
    **headers: str,
) -> HttpResponse:
    """POST a batch: rows, or an unchanged body."""
    body = rows if isinstance(rows, bytes) else orjson.dumps({"users": list(rows)})
    response: Any = Client().generic(
        "POST",
        f"/api/v1{at(world, 'batch', subscription=subscription)}",
        body,
        media,
        headers={"Authorization": f"Bearer {world.token(world.group)}", **headers},
    )
    return cast("HttpResponse", response)


def submitted(
    world: World,
    rows: Sequence[Any] | bytes,
    media: str = "application/json",
    subscription: Subscription | None = None,
) -> str:
    """The id of the job of an accepted batch."""
    response = submit(world, rows, media, subscription)
    assert response.status_code == 202, response.content
    id: str = answer(response)["id"]
    assert response["Location"] == f"/api/v1/jobs/{id}"
    return id


def job(world: World, id: str) -> Any:
    """The job."""
    return answer(world.call("GET", f"/jobs/{id}"))


def results(world: World, id: str) -> list[dict[str, Any]]:
    """All results, page by page."""
    return all_items(world, f"/jobs/{id}/results", 500)


def outcomes(world: World, id: str) -> list[Any]:
    """The status of each row, or the code of its refusal."""
    return [
        each["problem"]["code"] if "problem" in each else each["status"]
        for each in results(world, id)
    ]


WAITING = """
SELECT id FROM users_job WHERE finished_at IS NULL ORDER BY created_at, id
"""


def provision_batches(*, chunk: int = CHUNK) -> int:
    """Process one chunk of each waiting batch, as the jobs of a worker do; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        waiting = [id for (id,) in cursor.fetchall()]
    return sum(provision_batch(id, chunk) is not None for id in waiting)


def work(chunk: int = 1000) -> None:
    """Let a worker process all waiting batches."""
    drain(lambda: provision_batches(chunk=chunk))


def done(world: World, rows: Sequence[Any] | bytes, media: str = "application/json") -> list[Any]:
    """The outcomes of a batch, after it is finished."""
    id = submitted(world, rows, media)
    work()
    assert job(world, id)["state"] == "finished"
    return outcomes(world, id)


def row(login: str, number: str | None = None, **more: Any) -> dict[str, Any]:
    """A row of a batch."""
    return {"login": login, "display_name": login.title(), "number": number, **more}


def licences(world: World, subscription: Subscription | None = None) -> tuple[int, int]:
    """(granted, used)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT granted, used FROM ledger_balance WHERE subscription_id = %s AND sku_id = %s",
            [(subscription or world.subscription).id, world.user_sku.id],
        )
        return cursor.fetchone() or (0, 0)


def refused(world: World, before: Any, response: HttpResponse, status: int, code: str) -> Any:
    """The problem of a refusal; checks that nothing changed."""
    problem = answer(response)
    assert (response.status_code, problem["code"]) == (status, code), problem
    assert problem["detail"]
    assert world.fingerprint() == before
    return problem
