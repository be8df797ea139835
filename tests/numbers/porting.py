"""Ports and port requests for tests."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.http import HttpResponse

from fusion.kernel.clock import instant, now
from fusion.numbers.models import Number, PortRequest
from fusion.tenancy.models import Organization, Subscription
from tests.numbers.stock import path
from tests.world import World, answer


def soon(days: float = 7) -> str:
    """An instant in some days."""
    return instant(now() + timedelta(days=days)) or ""


def porting(world: World, setting: str) -> None:
    """Let the group decide who may port."""
    response = world.call(
        "PATCH", f"/organizations/{world.group.id}/settings", {"porting": setting}
    )
    assert (response.status_code, answer(response)["porting"]) == (200, setting)


def request(
    world: World,
    direction: str,
    numbers: Sequence[str],
    *,
    by: Organization | None = None,
    subscription: Subscription | None = None,
    **more: Any,
) -> HttpResponse:
    """POST a port request; by default of the tenant."""
    there = f"/subscriptions/{(subscription or world.subscription).id}/port-requests"
    body = {"direction": direction, "numbers": list(numbers), **more}
    return world.call("POST", there, body, by=by or world.tenant)


def requested(world: World, direction: str, numbers: Sequence[str], **more: Any) -> dict[str, Any]:
    """The document of a new port request."""
    response = request(world, direction, numbers, **more)
    assert response.status_code == 201, response.content
    document: dict[str, Any] = answer(response)
    return document


def decide(
    world: World, port: dict[str, Any], verb: str, *, by: Organization | None = None, **body: Any
) -> HttpResponse:
    """Approve, reject or withdraw it; by default as the group."""
    return world.call("POST", f"/port-requests/{port['id']}/{verb}", body or None, by=by)


def decided(world: World, port: dict[str, Any], verb: str, **body: Any) -> dict[str, Any]:
    """The document after that."""
    response = decide(world, port, verb, **body)
    assert response.status_code == 200, response.content
    document: dict[str, Any] = answer(response)
    return document


def port_out_on(world: World, e164: str, at: str, **more: Any) -> dict[str, Any]:
    """The approved request of a dated port out by the group."""
    response = world.call("POST", path(world, e164, "port-out", **more), {"effective_at": at})
    assert response.status_code == 202, response.content
    document: dict[str, Any] = answer(response)
    return document


def port_in_on(world: World, at: str, *numbers: str, **more: Any) -> dict[str, Any]:
    """The approved request of a dated port in by the group."""
    body = {"numbers": list(numbers), "effective_at": at}
    response = world.call("POST", path(world, "port-in", **more), body)
    assert response.status_code == 202, response.content
    document: dict[str, Any] = answer(response)
    return document


def seen(world: World, port: dict[str, Any], by: Organization | None = None) -> Any:
    """The request now; None if the reader does not see it."""
    response = world.call("GET", f"/port-requests/{port['id']}", by=by)
    return answer(response) if response.status_code == 200 else None


def fall_due(*ports: dict[str, Any]) -> None:
    """Let their dates pass."""
    ids = [port["id"] for port in ports]
    past = "2026-11-01T00:00:00Z"
    PortRequest.objects.unscoped("test").filter(id__in=ids).update(port_date=past)
    Number.objects.unscoped("test").filter(port_id__in=ids, until__isnull=False).update(until=past)


def states(port: dict[str, Any]) -> list[str]:
    """The states of its history."""
    return [each["state"] for each in port["history"]]
