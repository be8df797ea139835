"""Scheduling a suspension, resumption or termination: an order that the worker carries out."""

from collections.abc import Callable, Mapping
from datetime import datetime
from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.use_case import Answer, Done, use_case
from fusion.kernel.database import database_now
from fusion.lifecycle.kinds import CARRY_OUT, reason_of
from fusion.lifecycle.placing import (
    ORDER,
    StateChange,
    emit_order,
    lock_for,
    require_timely,
    write_order,
)
from fusion.lifecycle.rules import require_living
from fusion.ordering.models import RESUMPTION, SUSPENSION, TERMINATION
from fusion.ordering.permissions import PERMISSIONS
from fusion.ordering.queries import order_document_of


def schedule(
    actor: Actor,
    *,
    kind: str,
    subscription_id: UUID,
    effective_at: datetime,
    reason: str | None = None,
    note: str | None = None,
    external_reference: str | None = None,
) -> Answer:
    """Place an order of a kind in `OF_STATE`: 201 and its document.

    It is scheduled; if `effective_at` is past, but within the grace period, it is carried out at
    once with a warning about the delay.

    Problems: `forbidden`, `not-found`, `idempotency-key-reused`, `external-reference-taken`,
    `subscription-terminated`, `invalid-fields` (the date).
    """
    return _SCHEDULE[kind](
        actor,
        kind=kind,
        subscription_id=subscription_id,
        effective_at=effective_at,
        reason=reason,
        note=note,
        external_reference=external_reference,
    )


def _schedule(
    actor: Actor,
    *,
    kind: str,
    subscription_id: UUID,
    effective_at: datetime,
    reason: str | None,
    note: str | None,
    external_reference: str | None,
) -> Done:
    change = StateChange(
        kind=kind,
        reason=reason_of(kind, reason),
        note=note,
        external_reference=external_reference,
        effective_at=effective_at,
    )
    subscription = lock_for(actor, subscription_id, change)
    require_living(subscription.status)
    # Read under the lock: no order of this subscription falls due between this and the write.
    now = database_now()
    require_timely(actor, effective_at, now)
    order_id = write_order(actor, subscription, change)
    if effective_at > now:
        emit_order(actor, order_id)
    else:
        CARRY_OUT[kind](actor, subscription, order_id, change.reason, None)
    return Done(
        order_document_of(order_id),
        subscription.path,
        order_id,
        subscription_id=subscription.id,
    )


_SCHEDULE: Mapping[str, Callable[..., Answer]] = {
    kind: use_case(PERMISSIONS[kind], verb="order.place", status=201, reference_of=ORDER)(_schedule)
    for kind in (SUSPENSION, RESUMPTION, TERMINATION)
}
