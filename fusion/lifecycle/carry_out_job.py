"""Carrying out jobs of organizations: each subscription in its own transaction.

The transaction locks the job, then the subscription, and writes the change, its outcome and the
progress: nothing has to be recovered after a crash, nobody waits longer than for a single change,
and several workers do no row twice. A job that changes a subscription which an earlier job has not
reached yet waits for that one, so that the last job decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any
from uuid import UUID

import orjson
import structlog
from django.db import DatabaseError, transaction
from procrastinate import JobContext
from procrastinate.contrib.django import app

from fusion.access import audit
from fusion.access.actor import Actor, Request, system_actor
from fusion.kernel.clock import KernelNow
from fusion.kernel.database import execute, fetch_value, first_row
from fusion.kernel.errors import Problem
from fusion.kernel.job_queue import Retries, defer
from fusion.kernel.postgresql.outage import outage_of
from fusion.lifecycle.do_now import change_locked
from fusion.lifecycle.kinds import CARRY_OUT, IS_SO
from fusion.lifecycle.models import MOVE, Job, JobRow
from fusion.lifecycle.move import move_organization
from fusion.lifecycle.move_plan import subscriptions_of
from fusion.lifecycle.placing import StateChange
from fusion.ordering.models import RESUMPTION, SUSPENSION
from fusion.tenancy.queries import find_organization, lock_subscription
from fusion.users.provision import BATCHES

log = structlog.get_logger(__name__)

SLICE = 5.0
"""Seconds for which a job is carried out, before other jobs have their turn."""

WAIT = 2
"""Seconds until the next attempt if an earlier job, or another worker, comes first."""

RETRIES = Retries(attempts=6, wait=2)
"""Within a minute; then the job has failed."""

VERBS: Mapping[str, str] = {
    SUSPENSION: "subscription.suspend",
    RESUMPTION: "subscription.resume",
}

# Jobs of one group in the order of their numbers: none waits for a later one.
EARLIER = """
SELECT EXISTS (
    SELECT FROM lifecycle_jobrow r
    JOIN lifecycle_job j ON j.group_id = r.group_id AND j.id = r.job_id
    WHERE r.group_id = %s::uuid AND r.subscription_id = %s::uuid AND r.outcome IS NULL
      AND j.number < %s::int AND j.finished_at IS NULL)
"""

EARLIER_MOVE = """
SELECT EXISTS (
    SELECT FROM lifecycle_job j
    WHERE j.group_id = %s::uuid AND j.kind = 'move' AND j.number < %s::int
      AND j.finished_at IS NULL)
"""

STOPPED = (
    "Fusion stopped after {done} of {total} subscriptions because of an error in Fusion. The "
    "others were not changed. The operator finds the cause in the worker's log under job {id}."
)

FAILED = Problem(
    "internal-error",
    "This subscription was not changed because of an error in Fusion. The operator finds the cause "
    "in the worker's log.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a job is. `waits`: an earlier job comes first."""

    done: int
    total: int
    waits: bool = False
    ended: bool = False

    @property
    def finished(self) -> bool:
        """Whether all is done, or a move was refused."""
        return self.ended or self.done == self.total


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """The outcome of one row."""

    outcome: str
    order_id: UUID | None = None
    problem: str | None = None


@app.task(name="carry_out_job", queue=BATCHES, retry=RETRIES, pass_context=True)
def carry_out_next(context: JobContext, group: str, job: str) -> None:
    """Carry out a part of a job, and defer the rest."""
    first_row("SELECT 1")
    ids = UUID(group), UUID(job)
    try:
        progress = carry_out_job(*ids)
    except Exception as error:
        if RETRIES.is_last(error, context.job):
            fail_job(*ids)
        raise
    rest = {"group": group, "job": job}
    if progress is None:
        if unfinished(*ids).exists():
            defer(carry_out_next, rest, seconds=WAIT)
        return
    log.info("job progressed", id=job, done=progress.done, total=progress.total)
    if not progress.finished:
        defer(carry_out_next, rest, seconds=WAIT if progress.waits else 0)


def carry_out_job(group_id: UUID, id: UUID, *, seconds: float = SLICE) -> Progress | None:
    """Carry out a job for so long; None if it has ended or another worker has it.

    Raises DatabaseError if the database is unavailable.
    """
    until = monotonic() + seconds
    while True:
        with transaction.atomic():
            progress = _next_row(group_id, id)
        if progress is None or progress.finished or progress.waits or monotonic() >= until:
            return progress


def fail_job(group_id: UUID, id: UUID) -> None:
    """End a job whose next step can neither be done nor recorded as failed."""
    with transaction.atomic():
        job = unfinished(group_id, id).select_for_update(no_key=True).first()
        if job is not None:
            error = STOPPED.format(done=job.done, total=job.total, id=id)
            unfinished(group_id, id).update(state="failed", finished_at=KernelNow(), error=error)


def unfinished(group_id: UUID, id: UUID) -> Any:
    """The job, unless it has ended."""
    rows = Job.objects.unscoped("a job of the worker's own")
    return rows.filter(group_id=group_id, id=id, finished_at=None)


def _next_row(group_id: UUID, id: UUID) -> Progress | None:
    job = unfinished(group_id, id).select_for_update(no_key=True, skip_locked=True).first()
    if job is None:
        return None
    if job.kind == MOVE:
        return _move(job)
    row = JobRow.objects.unscoped("a job of the worker's own").get(
        group_id=group_id, job_id=id, position=job.done + 1
    )
    if fetch_value(EARLIER, [group_id, row.subscription_id, job.number]):
        return Progress(done=job.done, total=job.total, waits=True)
    settled = _settle(job, row)
    _record(job, row, settled)
    return Progress(done=job.done + 1, total=job.total)


def _move(job: Job) -> Progress:
    """Move everything, in the transaction that ends the job; or say why not."""
    if fetch_value(EARLIER_MOVE, [job.group_id, job.number]):
        return Progress(done=0, total=job.total, waits=True)
    actor = submitter(job)
    open_job = unfinished(job.group_id, job.id)
    if job.parent_id is None:
        raise LookupError(f"The move {job.id} has no new parent.")
    try:
        with transaction.atomic():
            move_organization(actor, organization_id=job.organization_id, parent_id=job.parent_id)
    except Problem as problem:
        open_job.update(state="failed", finished_at=KernelNow(), problem=_text(problem))
        return Progress(done=0, total=job.total, ended=True)
    count = subscriptions_of(find_organization(actor, job.organization_id))
    open_job.update(
        state="finished", finished_at=KernelNow(), total=count, done=count, changed=count
    )
    return Progress(done=count, total=count, ended=True)


def _settle(job: Job, row: JobRow) -> Settled:
    """Change the subscription of a row, or say why not; then nothing of it is changed."""
    try:
        with transaction.atomic():
            order_id = _change(job, row.subscription_id)
            # What would be refused when all is committed is refused here, for this row alone.
            execute("SET CONSTRAINTS ALL IMMEDIATE")
        return Settled(outcome="changed" if order_id else "unchanged", order_id=order_id)
    except Problem as problem:
        return Settled(outcome="refused", problem=_text(problem))
    except DatabaseError as error:
        if outage_of(error):
            raise  # the database is unavailable or busy: the row is unchanged, and retried later
        log.exception("row of a job failed", id=str(job.id), row=row.position)
        return Settled(outcome="failed", problem=_text(FAILED))


def _change(job: Job, subscription_id: UUID) -> UUID | None:
    """The id of the order; None if the subscription is so already."""
    actor = submitter(job)
    subscription = lock_subscription(actor, subscription_id)
    if job.organization_id.hex not in subscription.path:
        raise Problem(
            "conflict",
            "The subscription was moved away from this organization after the job was submitted. "
            "Change it by itself if that is still wanted.",
        )
    change = StateChange(kind=job.kind, reason=job.reason, note=job.note)
    is_so, carry_out = IS_SO[job.kind], CARRY_OUT[job.kind]
    order_id = change_locked(actor, subscription, change, is_so, carry_out)
    if order_id is not None:
        audit.record(
            actor,
            verb=VERBS[job.kind],
            object_type="subscription",
            object_id=subscription.id,
            path=subscription.path,
            detail={"reason": job.reason, "note": job.note, "job_id": job.id},
            subscription_id=subscription.id,
        )
    return order_id


def submitter(job: Job) -> Actor:
    """Who submitted the job, with the rights of then: a job that was accepted goes on."""
    return replace(system_actor(job.group_id, job.actor), request=Request(id=job.request_id))


def _record(job: Job, row: JobRow, settled: Settled) -> None:
    rows = JobRow.objects.unscoped("a job of the worker's own")
    rows.filter(group_id=job.group_id, job_id=job.id, position=row.position).update(
        outcome=settled.outcome,
        order_id=settled.order_id,
        problem=settled.problem,
        settled_at=KernelNow(),
    )
    counted: dict[str, Any] = {settled.outcome: getattr(job, settled.outcome) + 1}
    ends = row.position == job.total
    unfinished(job.group_id, job.id).update(
        done=row.position,
        state="finished" if ends else "running",
        finished_at=KernelNow() if ends else None,
        **counted,
    )


def _text(problem: Problem) -> str:
    return orjson.dumps({**problem.refusal(), **problem.extra}, default=str).decode()
