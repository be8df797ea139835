"""Moves and other changes of many numbers for tests, and what readers learn of them."""

from typing import Any

from django.db import connection
from django.http import HttpResponse

from fusion.tenancy.models import Organization, Subscription
from tests.numbers.stock import entitle, path
from tests.world import World, answer, make_organization, make_subscription


def move(
    world: World,
    to: Subscription,
    *numbers: str,
    by: Organization | None = None,
    subscription: Subscription | None = None,
    key: str | None = None,
    **more: Any,
) -> HttpResponse:
    """POST a move of these numbers, or of what `more` says."""
    body = {"to_subscription_id": str(to.id), **more}
    if numbers:
        body["numbers"] = list(numbers)
    headers = {"Idempotency-Key": key} if key else {}
    there = path(world, "move", subscription=subscription)
    return world.call("POST", there, body, by=by, headers=headers)


def changed(world: World, action: str, **more: Any) -> list[dict[str, Any]]:
    """The results of a change of many numbers."""
    there = path(world, "batch", subscription=more.pop("subscription", None))
    response = world.call("POST", there, {"action": action, **more})
    assert response.status_code == 200, response.content
    results: list[dict[str, Any]] = answer(response)["results"]
    return results


def outcomes(results: list[dict[str, Any]]) -> list[Any]:
    """The status of each, or the code of its refusal."""
    return [each["problem"]["code"] if "problem" in each else 200 for each in results]


def second(world: World, entitlements: int = 0) -> Subscription:
    """Another subscription of the same tenant."""
    made = make_subscription(world.tenant, "Second")
    if entitlements:
        entitle(world, entitlements, made)
    return made


def neighbour(world: World, entitlements: int = 0) -> Subscription:
    """A subscription of another tenant of the same reseller."""
    made = make_subscription(make_organization("tenant", world.reseller), "Next door")
    if entitlements:
        entitle(world, entitlements, made)
    return made


def moved_events(world: World, by: Organization) -> list[dict[str, Any]]:
    """The data of the events of moves in the feed of an organization."""
    items: list[dict[str, Any]] = []
    after = ""
    while True:
        page = answer(world.call("GET", f"/events?limit=500{after}", by=by))
        if not page["items"]:
            return items
        items += [each["data"] for each in page["items"] if each["type"] == "number.moved"]
        after = f"&after={page['next']}"


def audited(world: World) -> list[tuple[str, Any]]:
    """(path, detail) of the audit records of moves, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT path, detail FROM tenancy_auditrecord"
            " WHERE group_id = %s AND verb = 'number.moved' ORDER BY id",
            [world.group.id],
        )
        rows: list[tuple[str, Any]] = cursor.fetchall()
    return rows
