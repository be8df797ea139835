"""Moves of more subscriptions than a request should hold locked: a job, which a worker carries out.

The job moves everything in one transaction, as a smaller move does: until its commit everybody sees
the former tree.
"""

from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.permissions import MOVE as MAY_MOVE
from fusion.access.use_case import Answer, Done, use_case
from fusion.lifecycle.job_queries import find_any_job, job_document
from fusion.lifecycle.models import MOVE
from fusion.lifecycle.move import move_organization
from fusion.lifecycle.move_plan import is_job, refuse_misplaced_organization, subscriptions_of
from fusion.lifecycle.submit_job import submit_job
from fusion.tenancy.queries import find_organization


def move_or_submit(actor: Actor, *, organization_id: UUID, parent_id: UUID) -> Answer:
    """Move it now: 200 and its document; beyond `MOST` subscriptions 202 and a job.

    A repeated request gets its first answer, whatever the size is now. Problems: those of
    `move_organization`.
    """
    moved = find_organization(actor, organization_id)
    run = submit_move if is_job(moved, parent_id) else move_organization
    return run(actor, organization_id=organization_id, parent_id=parent_id)


@use_case(MAY_MOVE, verb="organization.submit_move", status=202, created=find_any_job)
def submit_move(actor: Actor, *, organization_id: UUID, parent_id: UUID) -> Done:
    """Submit a move; returns the job. What may not move there is refused at once."""
    moved = find_organization(actor, organization_id)
    parent = find_organization(actor, parent_id)
    refuse_misplaced_organization(moved, parent)
    facts = {"parent_id": parent.id, "total": subscriptions_of(moved)}
    job = submit_job(actor, moved, MOVE, facts)
    document = job_document(find_any_job(actor, job.id))
    return Done(document, moved.path, moved.id, recorded={"job_id": str(job.id)})
