"""Moves in the tree for tests, and what readers learn of them."""

from typing import Any

from django.http import HttpResponse

from fusion.tenancy.models import Organization, Subscription
from tests.world import World, answer

Moved = Organization | Subscription


def there(moved: Moved) -> str:
    """The route of its moves."""
    noun = "organizations" if isinstance(moved, Organization) else "subscriptions"
    return f"/{noun}/{moved.id}/move"


def move(
    world: World,
    moved: Moved,
    to: Organization,
    *,
    by: Any = None,
    key: str | None = None,
    **more: Any,
) -> HttpResponse:
    """POST a move."""
    name = "parent_id" if isinstance(moved, Organization) else "tenant_id"
    headers = {"Idempotency-Key": key} if key else {}
    body = {name: str(to.id), **more}
    return world.call("POST", there(moved), body, by=by, headers=headers)


def moved_to(world: World, moved: Moved, to: Organization) -> dict[str, Any]:
    """The object after a move by the group."""
    response = move(world, moved, to)
    assert response.status_code == 200, response.content
    document: dict[str, Any] = answer(response)
    return document


def feed(world: World, reader: Organization, **query: str) -> list[dict[str, Any]]:
    """All events that the reader sees, oldest first."""
    found: list[dict[str, Any]] = []
    after = ""
    for _ in range(1_000):
        wanted = {**query, **({"after": after} if after else {}), "limit": "500"}
        text = "&".join(f"{name}={value}" for name, value in wanted.items())
        page = answer(world.call("GET", f"/events?{text}", by=reader))
        if not page["items"] and page["next"] == after:
            return found
        found += page["items"]
        after = page["next"]
    raise AssertionError("the feed does not end")


def moves_seen(world: World, reader: Organization) -> list[tuple[str, str, str]]:
    """(type, subject, direction) of the moves that the reader learns of."""
    return [
        (each["type"], each["subject"], each["data"]["direction"])
        for each in feed(world, reader)
        if each["type"] in ("organization.moved", "subscription.moved")
    ]
