"""Suspending or resuming everything below an organization: a job with an outcome for each
subscription, which workers carry out.
"""

from typing import Any
from uuid import UUID

from fusion.access import idempotency
from fusion.access.actor import GROUP, Actor
from fusion.access.permissions import SUSPEND
from fusion.access.use_case import Done, use_case
from fusion.access.visibility import subtree
from fusion.kernel.clock import KernelNow
from fusion.kernel.database import execute, fetch_value
from fusion.kernel.errors import Problem
from fusion.kernel.ids import new_id
from fusion.kernel.job_queue import defer
from fusion.lifecycle.carry_out_job import carry_out_next
from fusion.lifecycle.job_queries import find_any_job, job_document
from fusion.lifecycle.kinds import reason_of
from fusion.lifecycle.models import Job
from fusion.ordering.models import RESUMPTION, SUSPENSION
from fusion.tenancy.lock_organization import lock_organization
from fusion.tenancy.models import Organization
from fusion.tenancy.queries import find_organization

NUMBERS = "organization-job-numbers"
"""The name that submissions of a group lock, one after the other."""

NEXT_NUMBER = """
SELECT coalesce(max(number), 0) + 1 FROM lifecycle_job WHERE group_id = %s::uuid
"""

ROWS = """
INSERT INTO lifecycle_jobrow (group_id, job_id, position, subscription_id)
SELECT s.group_id, %s::uuid, row_number() OVER (ORDER BY s.path, s.id), s.id
FROM tenancy_subscription s
WHERE s.group_id = %s::uuid AND s.path >= %s::text AND s.path < %s::text
  AND s.status <> 'terminated'
"""


@use_case(
    SUSPEND,
    verb="organization.suspend",
    status=202,
    created=find_any_job,
    bulk=True,
)
def suspend_organization(
    actor: Actor, *, organization_id: UUID, reason: str | None = None, note: str | None = None
) -> Done:
    """Submit the suspension of each living subscription below it; returns the job.

    Subscriptions that are created later, or move there, are not part of it. Problems: `not-found`,
    `conflict` (the group itself).
    """
    facts = {"reason": reason_of(SUSPENSION, reason), "note": note}
    return _submit_for_rows(actor, organization_id, SUSPENSION, facts)


@use_case(SUSPEND, verb="organization.resume", status=202, created=find_any_job, bulk=True)
def resume_organization(
    actor: Actor, *, organization_id: UUID, reason: str | None = None, note: str | None = None
) -> Done:
    """The same for the resumption: it lifts the hold with that reason, or all holds."""
    return _submit_for_rows(actor, organization_id, RESUMPTION, {"reason": reason, "note": note})


def refuse_whole_group(organization: Organization) -> None:
    """Problem `conflict` for a group: one mistake must not stop all customers of a provider."""
    if organization.kind == GROUP:
        raise Problem(
            "conflict",
            f"{organization.name} is the whole provider. Choose an organization below it: a "
            "distributor, a reseller or a tenant.",
        )


def submit_job(actor: Actor, organization: Organization, kind: str, facts: dict[str, Any]) -> Job:
    """Write a job, and defer its work; an operation.

    The lock makes the order of numbers that of commits: a job that is submitted later waits for
    this one where they change the same subscription.
    """
    idempotency.lock(actor, NUMBERS)
    job = Job(
        id=new_id(),
        group_id=actor.group_id,
        number=fetch_value(NEXT_NUMBER, [actor.group_id]),
        kind=kind,
        organization_id=organization.id,
        actor=actor.label,
        request_id=actor.request.id,
        **facts,
    )
    job.save(force_insert=True)
    defer(carry_out_next, {"group": str(job.group_id), "job": str(job.id)})
    return job


def _submit_for_rows(actor: Actor, organization_id: UUID, kind: str, facts: dict[str, Any]) -> Done:
    organization = find_organization(actor, organization_id)
    refuse_whole_group(organization)
    # A move of it, or of something above it, waits, or has changed the path that is read here.
    lock_organization(actor, organization)
    job = submit_job(actor, organization, kind, facts)
    total = execute(ROWS, [job.id, job.group_id, *subtree(organization.path)])
    rows = Job.objects.visible_to(actor).filter(group_id=job.group_id, id=job.id)
    if total:
        rows.update(total=total)
    else:
        rows.update(state="finished", finished_at=KernelNow())
    document = job_document(find_any_job(actor, job.id))
    return Done(document, organization.path, organization.id, recorded={"job_id": str(job.id)})
