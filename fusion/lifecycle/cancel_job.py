"""Cancelling a job of an organization: what was not reached yet stays as it is."""

from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.permissions import MOVE as MAY_MOVE
from fusion.access.permissions import SUSPEND
from fusion.access.use_case import Done, use_case
from fusion.kernel.clock import KernelNow
from fusion.kernel.errors import Problem
from fusion.lifecycle.job_queries import find_job, job_document
from fusion.lifecycle.models import MOVE, Job
from fusion.tenancy.queries import find_created_organization


@use_case(SUSPEND, verb="organization.cancel_job")
def cancel_job(actor: Actor, *, organization_id: UUID, job_id: UUID) -> Done:
    """Cancel the job; what it has changed stays. Has no effect on a cancelled job.

    Problems: `not-found`, `forbidden` (a move, unless the actor may move), `conflict` (it has
    ended).
    """
    organization = find_created_organization(actor, organization_id)
    job = find_job(actor, job_id, organization_id)
    if job.kind == MOVE:
        MAY_MOVE.require_role(actor)
    # A worker locks the job for the time of one step, so this waits for the end of that.
    unfinished = Job.objects.visible_to(actor).filter(
        group_id=job.group_id, id=job.id, finished_at=None
    )
    cancelled = unfinished.update(state="cancelled", finished_at=KernelNow())
    job = find_job(actor, job_id, organization_id)
    if not cancelled and job.state != "cancelled":
        raise Problem(
            "conflict",
            f"This job ended after {job.done} of {job.total} subscriptions, so nothing can be "
            "cancelled.",
        )
    return Done(
        job_document(job), organization.path, organization.id, recorded={"job_id": str(job.id)}
    )
