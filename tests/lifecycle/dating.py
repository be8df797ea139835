"""Suspending, resuming and terminating through the API, now and on a date."""

from datetime import timedelta
from typing import Any

from django.db import connection
from django.http import HttpResponse

from fusion.kernel.clock import instant
from fusion.kernel.database import database_now
from tests.world import World, answer

ACTIONS = {"suspend": "suspension", "resume": "resumption", "terminate": "termination"}
"""Path → kind of the order."""


def ask(
    world: World, action: str, key: str | None = None, by: Any = None, **body: Any
) -> HttpResponse:
    """POST …/suspend, …/resume or …/terminate with this body."""
    headers = {"Idempotency-Key": key} if key else {}
    path = f"/subscriptions/{world.subscription.id}/{action}"
    return world.call("POST", path, body, by=by, headers=headers)


def at(hours: float) -> str:
    """So many hours from now, by the database's clock."""
    return str(instant(database_now() + timedelta(hours=hours)))


def scheduled(world: World, action: str, hours: float = 24, **body: Any) -> dict[str, Any]:
    """The scheduled order, which has changed nothing yet."""
    before = state(world)
    response = ask(world, action, effective_at=at(hours), **body)
    document: dict[str, Any] = answer(response)
    assert response.status_code == 201, document
    assert response["Location"] == f"/api/v1/orders/{document['id']}"
    assert (document["kind"], document["state"]) == (ACTIONS[action], "scheduled")
    assert (document["lines"], document["changes"]) == ([], [])
    assert state(world) == before
    return document


def state(world: World) -> tuple[str, list[str]]:
    """(status, reasons of its holds), from the API."""
    document = answer(world.call("GET", f"/subscriptions/{world.subscription.id}"))
    return document["status"], [hold["reason"] for hold in document["holds"]]


def seen(world: World, order: dict[str, Any]) -> dict[str, Any]:
    """The current order."""
    document: dict[str, Any] = answer(world.call("GET", f"/orders/{order['id']}"))
    return document


def orders(world: World, **filters: str) -> list[dict[str, Any]]:
    """The orders of the subscription, oldest first."""
    query = "&".join(f"{name}={value}" for name, value in filters.items())
    path = f"/orders?subscription_id={world.subscription.id}&{query}"
    items: list[dict[str, Any]] = answer(world.call("GET", path))["items"]
    return items[::-1]


def fall_due(world: World) -> None:
    """Simulate a year without a worker."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE ordering_order SET effective_at = effective_at - interval '1 year'"
            " WHERE group_id = %s AND state = 'scheduled'",
            [world.group.id],
        )


def types(world: World) -> list[str]:
    """The types of the subscription's events, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT type FROM events_event WHERE subscription_id = %s ORDER BY id",
            [world.subscription.id],
        )
        return [type for (type,) in cursor.fetchall()]
