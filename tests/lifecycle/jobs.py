"""Jobs of organizations for tests: submitted, carried out, and what came of them."""

from typing import Any
from uuid import UUID

from django.db import connection
from django.http import HttpResponse

from fusion.kernel.ids import new_id
from fusion.lifecycle.carry_out_job import Progress, carry_out_job
from fusion.tenancy.models import Organization, Subscription
from tests.world import World, answer, make_subscription


def submit(
    world: World, action: str, organization: Organization | None = None, **body: Any
) -> HttpResponse:
    """POST the suspension or resumption of all below the reseller, or another organization."""
    of = organization or world.reseller
    return world.call("POST", f"/organizations/{of.id}/{action}", body)


def submitted(
    world: World, action: str, organization: Organization | None = None, **body: Any
) -> dict[str, Any]:
    """The document of an accepted job."""
    response = submit(world, action, organization, **body)
    assert response.status_code == 202, response.content
    document: dict[str, Any] = answer(response)
    return document


def step(world: World, job: dict[str, Any], seconds: float = 0) -> Progress | None:
    """Carry out a part of a job: without seconds, one subscription."""
    return carry_out_job(world.group.id, UUID(job["id"]), seconds=seconds)


def done(
    world: World, action: str, organization: Organization | None = None, **body: Any
) -> dict[str, Any]:
    """The document of a job that was carried out."""
    job = submitted(world, action, organization, **body)
    step(world, job, 60)
    return read(world, job)


def path(job: dict[str, Any], more: str = "") -> str:
    """The path of a job, or of what is below it."""
    return f"/organizations/{job['organization_id']}/jobs/{job['id']}{more}"


def read(world: World, job: dict[str, Any]) -> dict[str, Any]:
    """The job as it is now."""
    response = world.call("GET", path(job))
    assert response.status_code == 200, response.content
    document: dict[str, Any] = answer(response)
    return document


def results(world: World, job: dict[str, Any], query: str = "") -> list[dict[str, Any]]:
    """The first page of the outcomes."""
    response = world.call("GET", path(job, f"/results?limit=500{query}"))
    assert response.status_code == 200, response.content
    items: list[dict[str, Any]] = answer(response)["items"]
    return items


def outcomes(world: World, job: dict[str, Any]) -> list[Any]:
    """The outcome of each subscription: of a refusal the code."""
    return [
        each["problem"]["code"] if each["problem"] else each["outcome"]
        for each in results(world, job)
    ]


def more_subscriptions(world: World, count: int) -> list[Subscription]:
    """All subscriptions of the tenant, of which so many are new."""
    return [
        world.subscription,
        *[make_subscription(world.tenant, f"Site {n}") for n in range(count)],
    ]


def many_subscriptions(world: World, count: int) -> None:
    """The same for thousands."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO tenancy_subscription"
            " (id, group_id, distributor_id, reseller_id, tenant_id, path, name, status)"
            " SELECT %s, group_id, distributor_id, reseller_id, tenant_id, path, 'One', 'active'"
            " FROM tenancy_subscription WHERE id = %s",
            [(new_id(), world.subscription.id) for _ in range(count)],
        )


def states(world: World) -> list[tuple[str, str, int]]:
    """(status, open reasons, completed orders that change the state) of each subscription."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.status,"
            " coalesce((SELECT string_agg(h.reason, ' ' ORDER BY h.reason) FROM tenancy_hold h"
            "   WHERE h.subscription_id = s.id AND h.lifted_at IS NULL), ''),"
            " (SELECT count(*) FROM ordering_order o WHERE o.subscription_id = s.id"
            "   AND o.kind IN ('suspension', 'resumption'))"
            " FROM tenancy_subscription s WHERE s.group_id = %s ORDER BY s.path, s.id",
            [world.group.id],
        )
        rows: list[tuple[str, str, int]] = cursor.fetchall()
    return rows
