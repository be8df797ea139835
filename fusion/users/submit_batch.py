"""Submitting a batch of users: it becomes a job, which workers provision."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any
from uuid import UUID

import orjson
from pydantic import ValidationError

from fusion.access.actor import Actor
from fusion.access.permissions import PROVISION
from fusion.access.use_case import Done, use_case
from fusion.kernel.errors import Problem, fields_problem
from fusion.kernel.ids import new_id
from fusion.kernel.job_queue import defer
from fusion.tenancy.queries import country_of, lock_subscription
from fusion.users.models import Job
from fusion.users.provision import provision_next
from fusion.users.queries import job_document
from fusion.users.rules import require_active
from fusion.users.schemas import RowBody


@use_case(PROVISION, verb="job.create", status=202, unaudited=("rows",), bulk=True)
def submit_batch(actor: Actor, *, subscription_id: UUID, rows: Sequence[Any]) -> Done:
    """Submit `rows`, each a mapping of `RowBody`'s fields or the Problem found in its input.

    A malformed row has its own result. Problems: `not-found`, `subscription-suspended`,
    `subscription-terminated`.
    """
    subscription = lock_subscription(actor, subscription_id)
    require_active(subscription.status)
    country = cache(lambda: country_of(subscription.path))
    job = Job(
        group_id=subscription.group_id,
        subscription_id=subscription.id,
        total=len(rows),
        rows=orjson.dumps([_prepared(row, country) for row in rows]).decode(),
        actor=actor.label,
        request_id=actor.request.id,
    )
    job.save(force_insert=True)
    defer(provision_next, {"batch": str(job.id)})
    return Done(job_document(job), subscription.path, job.id, subscription_id=subscription.id)


def _prepared(row: Any, country: Callable[[], str | None]) -> Mapping[str, Any]:
    """The row as `batch.sql` takes it; `country` is that of numbers without a country code."""
    try:
        if isinstance(row, Problem):
            raise row
        body = RowBody.model_validate(row, context={"country": country})
    except ValidationError as error:
        return {"problem": _document(fields_problem(error.errors(include_url=False), 0))}
    except Problem as problem:
        return {"problem": _document(problem)}
    return {"id": str(new_id()), **body.model_dump()}


def _document(problem: Problem) -> Mapping[str, Any]:
    return {"code": problem.code, "detail": problem.detail, "errors": problem.errors}
