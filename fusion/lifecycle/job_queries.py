"""Read models of the jobs of organizations."""

from typing import Any
from uuid import UUID

import orjson

from fusion.access.actor import Actor
from fusion.kernel.clock import instant
from fusion.kernel.database import fetch_dicts
from fusion.kernel.errors import or_not_found, problem_of
from fusion.kernel.pagination import MAX_INT, decode_cursor, encode_cursor, page, position
from fusion.lifecycle.models import Job

PENDING = "pending"
"""The outcome of a row that was not processed."""

COLUMNS = (
    "position",
    "tenant_name",
    "subscription_name",
    "outcome",
    "settled_at",
    "order_number",
    "problem",
    "tenant_id",
    "subscription_id",
    "order_id",
)
"""The columns of results in a file."""

RESULTS = """
SELECT r.position, r.subscription_id::text, s.name AS subscription_name,
       s.tenant_id::text, t.name AS tenant_name, r.outcome, r.order_id::text,
       o.number AS order_number, r.problem::text, r.settled_at
FROM lifecycle_jobrow r
JOIN tenancy_subscription s ON s.group_id = r.group_id AND s.id = r.subscription_id
JOIN tenancy_organization t ON t.group_id = s.group_id AND t.id = s.tenant_id
LEFT JOIN ordering_order o ON o.group_id = r.group_id AND o.id = r.order_id
WHERE r.group_id = %(group)s::uuid AND r.job_id = %(job)s::uuid AND r.position > %(after)s::int
  AND (%(outcome)s::text IS NULL OR coalesce(r.outcome, 'pending') = %(outcome)s::text)
ORDER BY r.position LIMIT %(limit)s::int
"""


def find_any_job(actor: Actor, id: UUID) -> Job:
    """The job of any organization; Problem `not-found` unless `actor` sees it."""
    rows = Job.objects.visible_to(actor).filter(group_id=actor.group_id, id=id)
    return or_not_found(rows.first(), "job")


def find_job(actor: Actor, id: UUID, organization_id: UUID) -> Job:
    """The same, of this organization."""
    rows = Job.objects.visible_to(actor).filter(group_id=actor.group_id, id=id)
    return or_not_found(rows.filter(organization_id=organization_id).first(), "job")


def list_jobs(
    actor: Actor, *, organization_id: UUID, limit: int, cursor: str | None = None
) -> dict[str, Any]:
    """One page of the jobs of an organization, newest first."""
    rows = Job.objects.visible_to(actor).filter(organization_id=organization_id)
    if cursor is not None:
        rows = rows.filter(number__lt=decode_cursor(cursor, position(MAX_INT))[0])
    shown, more = page(list(rows.order_by("-number")[: limit + 1]), limit)
    return {
        "items": [job_document(row) for row in shown],
        "next": encode_cursor(shown[-1].number) if more else None,
    }


def job_document(job: Job) -> dict[str, Any]:
    """A job as the API shows it."""
    return {
        "id": str(job.id),
        "number": job.number,
        "organization_id": str(job.organization_id),
        "kind": job.kind,
        "parent_id": str(job.parent_id) if job.parent_id else None,
        "reason": job.reason,
        "note": job.note,
        "state": job.state,
        "total": job.total,
        "done": job.done,
        "changed": job.changed,
        "unchanged": job.unchanged,
        "refused": job.refused,
        "failed": job.failed,
        "created_at": instant(job.created_at),
        "finished_at": instant(job.finished_at),
        "problem": _problem(job.problem),
        "error": job.error,
    }


def list_results(
    job: Job, *, limit: int, cursor: str | None = None, outcome: str | None = None
) -> dict[str, Any]:
    """One page of the subscriptions of a job, with names and owners of now, in their order.

    The caller has checked that the actor sees the job.
    """
    (after,) = decode_cursor(cursor, position(MAX_INT)) if cursor is not None else (0,)
    parameters = {
        "group": job.group_id,
        "job": job.id,
        "after": after,
        "outcome": outcome,
        "limit": limit + 1,
    }
    shown, more = page(fetch_dicts(RESULTS, parameters), limit)
    return {
        "items": [
            {
                **row,
                "settled_at": instant(row["settled_at"]),
                "problem": _problem(row["problem"]),
            }
            for row in shown
        ],
        "next": encode_cursor(shown[-1]["position"]) if more else None,
    }


def _problem(stored: str | dict[str, Any] | None) -> dict[str, Any] | None:
    """Models give columns of JSON parsed, statements as text."""
    if stored is None:
        return None
    return problem_of(orjson.loads(stored) if isinstance(stored, str) else stored).document()
