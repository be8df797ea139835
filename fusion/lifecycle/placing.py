"""Shared by orders that suspend, resume and terminate, immediate and scheduled."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson

from fusion.access.actor import Actor
from fusion.access.audit import traced
from fusion.kernel.database import execute, fetch_value
from fusion.kernel.errors import InvalidFields, Problem, problem_of
from fusion.kernel.ids import new_id
from fusion.ordering.models import Order
from fusion.ordering.rules import is_too_far
from fusion.tenancy.models import Subscription
from fusion.tenancy.queries import lock_subscription

ORDER = "order"
"""The namespace of order references for locking: see `access/use_case.py`."""

PLACE = (
    "SELECT ordering_place_state(%s::uuid, %s::uuid, %s::text, %s::text, %s::text, %s::text,"
    " %s::timestamptz, %s::text)"
)

TOO_LATE = "SELECT ordering_too_late(%s::uuid, %s::timestamptz, %s::timestamptz)::text"


@dataclass(frozen=True, slots=True, kw_only=True)
class StateChange:
    """A requested change of a subscription's state; `effective_at` is None for at once."""

    kind: str
    reason: str | None = None
    note: str | None = None
    external_reference: str | None = None
    effective_at: datetime | None = None


def lock_for(actor: Actor, subscription_id: UUID, change: StateChange) -> Subscription:
    """The subscription, locked, for an order that makes the requested change.

    The caller holds the lock on the reference's name. Problems: `not-found`,
    `external-reference-taken`.
    """
    subscription = lock_subscription(actor, subscription_id)
    require_free_reference(actor, subscription_id, change)
    return subscription


def require_free_reference(actor: Actor, subscription_id: UUID, change: StateChange) -> None:
    """Problem `external-reference-taken` if another live order has the reference.

    It names that order, and says whether it is the same request.
    """
    if change.external_reference is None:
        return
    taken = (
        Order.objects.visible_to(actor)
        .filter(
            group_id=actor.group_id,
            external_reference=change.external_reference,
            state__in=("scheduled", "completed"),
        )
        .first()
    )
    if taken is None:
        return
    is_same = (taken.subscription_id, taken.kind, taken.effective_at, taken.reason) == (
        subscription_id,
        change.kind,
        change.effective_at,
        change.reason,
    )
    raise Problem(
        "external-reference-taken",
        f"Order {taken.number} already has the external reference "
        f"{change.external_reference}. You can reuse it only if that order fails or is "
        "cancelled.",
        extra={
            "existing": {
                "kind": "order",
                "id": str(taken.id),
                "number": taken.number,
                "state": taken.state,
            },
            "same_request": is_same,
        },
    )


def require_timely(actor: Actor, effective_at: datetime, now: datetime) -> None:
    """Problem `invalid-fields` for an instant too far ahead, or past by more than the grace."""
    if is_too_far(effective_at, now):
        raise InvalidFields(effective_at="must be at most five years ahead")
    refusal = fetch_value(TOO_LATE, [actor.group_id, effective_at, now])
    if refusal is not None:
        raise problem_of(orjson.loads(refusal))


def write_order(actor: Actor, subscription: Subscription, change: StateChange) -> UUID:
    """Write the order, scheduled; its id. The caller holds the subscription's lock."""
    id = new_id()
    facts = [
        change.kind,
        change.reason,
        change.note,
        change.external_reference,
        change.effective_at,
    ]
    execute(PLACE, [id, subscription.id, *facts, actor.label])
    return id


def emit_order(actor: Actor, order_id: UUID, verb: str | None = None) -> None:
    """Write the event of the order's new state, and with `verb` its audit record."""
    if verb is None:
        execute("SELECT ordering_emit(%s::uuid, %s::text)", [order_id, actor.label])
    else:
        execute(
            "SELECT ordering_announce(%s::uuid, %s::text, %s::text, %s::text)",
            [order_id, actor.label, traced(actor), verb],
        )


def complete_order(actor: Actor, order_id: UUID, verb: str | None = None) -> None:
    """Complete an order without lines, and write its event."""
    execute("SELECT ordering_complete_state(%s::uuid)", [order_id])
    emit_order(actor, order_id, verb)
