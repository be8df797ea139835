"""Suspending a subscription: existing objects stay, nothing new is provisioned."""

from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.permissions import SUSPEND
from fusion.access.use_case import Done, use_case
from fusion.lifecycle.do_now import do_now
from fusion.lifecycle.placing import ORDER, StateChange, complete_order
from fusion.ordering.models import SUSPENSION
from fusion.tenancy.emit_changes import emit_subscription_event
from fusion.tenancy.holds import open_reasons, place_hold
from fusion.tenancy.models import Subscription

UNSPECIFIED = "other"
"""The reason of a suspension that gives none."""


@use_case(SUSPEND, verb="subscription.suspend", reference_of=ORDER)
def suspend(
    actor: Actor,
    *,
    subscription_id: UUID,
    reason: str | None = None,
    note: str | None = None,
    external_reference: str | None = None,
) -> Done:
    """Suspend it for a reason; returns the subscription's document.

    Writes a completed order of kind suspension. If it is already suspended for that reason, nothing
    changes, and an order is written only with an external reference.

    Problems: `not-found`, `external-reference-taken`, `subscription-terminated`.
    """
    change = StateChange(
        kind=SUSPENSION,
        reason=reason or UNSPECIFIED,
        note=note,
        external_reference=external_reference,
    )
    return do_now(actor, subscription_id, change, is_suspended_for, carry_out_suspension)


def is_suspended_for(subscription: Subscription, reason: str | None) -> bool:
    """Whether a hold with that reason is open."""
    return (reason or UNSPECIFIED) in open_reasons(subscription.id)


def carry_out_suspension(
    actor: Actor,
    subscription: Subscription,
    order_id: UUID,
    reason: str | None,
    verb: str | None,
) -> None:
    """Place the hold and complete the order. An operation: the caller holds the lock."""
    is_new = place_hold(subscription, reason=reason or UNSPECIFIED, order_id=order_id)
    complete_order(actor, order_id, verb)
    if subscription.status == "active":
        subscription.status = "suspended"
        subscription.save(update_fields=["status"])
        emit_subscription_event(actor, subscription, "suspended")
    elif is_new:
        emit_subscription_event(actor, subscription, "changed")
