"""Submitting a batch of users: it becomes a job, which workers provision."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any
from uuid import UUID

import orjson

from fusion.access.actor import Actor
from fusion.access.permissions import PROVISION
from fusion.access.use_case import Done, use_case
from fusion.kernel.ids import new_id
from fusion.kernel.job_queue import defer
from fusion.tenancy.queries import country_of, lock_subscription
from fusion.users.batch_row import SubmittedRow, prepared
from fusion.users.models import Job
from fusion.users.provision import provision_next
from fusion.users.queries import holders_of, job_document
from fusion.users.row_order import in_order
from fusion.users.rules import require_active


@use_case(PROVISION, verb="job.create", status=202, unaudited=("rows",), bulk=True)
def submit_batch(
    actor: Actor,
    *,
    subscription_id: UUID,
    rows: Sequence[SubmittedRow],
    source: Mapping[str, Any] | None = None,
) -> Done:
    """Submit the rows of a list, or of a file that was read as `source` says.

    A malformed row has its own result. Problems: `not-found`, `subscription-suspended`,
    `subscription-terminated`.
    """
    subscription = lock_subscription(actor, subscription_id)
    require_active(subscription.status)
    made = prepared(rows, cache(lambda: country_of(subscription.path)))
    job = Job(
        id=new_id(),
        group_id=subscription.group_id,
        subscription_id=subscription.id,
        total=len(rows),
        rows=orjson.dumps(in_order(made, holders_of(subscription, _numbers(made)))).decode(),
        source=source,
        actor=actor.label,
        request_id=actor.request.id,
    )
    job.save(force_insert=True)
    defer(provision_next, {"batch": str(job.id)})
    return Done(job_document(job), subscription.path, job.id, subscription_id=subscription.id)


def _numbers(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return [row["number"] for row in rows if row.get("number")]
