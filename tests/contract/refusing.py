"""Refused requests and their problems."""

from typing import Any, cast

from django.http import HttpResponse
from django.test import Client

from tests.world import World, answer


def raw(world: World, body: bytes | str, path: str = "/orders", **headers: str) -> HttpResponse:
    """POST this body, and check that nothing changed; `content_type` is the header's value."""
    content = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    before = world.fingerprint()
    response: Any = Client().generic(
        "POST",
        f"/api/v1{path}",
        content,
        headers.pop("content_type", "application/json"),
        headers={"Authorization": f"Bearer {world.token(world.group)}", **headers},
    )
    assert world.fingerprint() == before
    return cast("HttpResponse", response)


def is_problem(response: HttpResponse, status: int, code: str) -> dict[str, Any]:
    """The problem, which must be precise."""
    problem: dict[str, Any] = answer(response)
    assert (response.status_code, problem["code"]) == (status, code), problem
    assert response["Content-Type"] == "application/problem+json"
    assert problem["status"] == status
    assert problem["type"] and problem["title"] and problem["detail"]
    return problem


def fields(response: HttpResponse) -> list[str]:
    """The fields named in a 422."""
    problem = is_problem(response, 422, "invalid-fields")
    assert all(error["message"] for error in problem["errors"])
    return [error["field"] for error in problem["errors"]]


def order_text(world: World, quantity: str = "1", more: str = "") -> str:
    """The JSON text of an order with these spellings in it."""
    return (
        f'{{"subscription_id": "{world.subscription.id}", "lines": [{{'
        f'"product_id": "{world.seat.id}", "quantity": {quantity}}}]{more}}}'
    )
