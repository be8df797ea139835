"""Cancelling a batch of users: the rows that were not processed yet are never processed."""

from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.permissions import PROVISION
from fusion.access.use_case import Done, use_case
from fusion.kernel.clock import KernelNow
from fusion.kernel.errors import Problem
from fusion.tenancy.queries import lock_subscription
from fusion.users.models import Job
from fusion.users.queries import find_job, job_document


@use_case(PROVISION, verb="job.cancel")
def cancel_batch(actor: Actor, *, job_id: UUID) -> Done:
    """Cancel the job; what its rows have done stays. Has no effect on a cancelled job.

    Problems: `not-found`, `conflict` (all rows are done, or Fusion stopped).
    """
    job = find_job(actor, job_id)
    # A worker locks the job before the subscription, so this waits for the end of its chunk.
    unfinished = Job.objects.visible_to(actor).filter(id=job.id, finished_at=None)
    cancelled = unfinished.update(state="cancelled", finished_at=KernelNow())
    job = find_job(actor, job_id)
    if not cancelled and job.state != "cancelled":
        raise Problem(
            "conflict",
            f"This job ended after {job.done} of {job.total} rows, so nothing can be cancelled.",
        )
    subscription = lock_subscription(actor, job.subscription_id)
    return Done(job_document(job), subscription.path, job.id, subscription_id=subscription.id)
