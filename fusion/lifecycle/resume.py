"""Resuming a subscription: lifting its holds."""

from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.permissions import SUSPEND
from fusion.access.use_case import Done, use_case
from fusion.lifecycle.do_now import do_now
from fusion.lifecycle.placing import ORDER, StateChange, complete_order
from fusion.ordering.models import RESUMPTION
from fusion.tenancy.emit_changes import emit_subscription_event
from fusion.tenancy.holds import lift_holds, open_reasons
from fusion.tenancy.models import Subscription


@use_case(SUSPEND, verb="subscription.resume", reference_of=ORDER)
def resume(
    actor: Actor,
    *,
    subscription_id: UUID,
    reason: str | None = None,
    note: str | None = None,
    external_reference: str | None = None,
) -> Done:
    """Lift the hold with that reason, or all holds; returns the subscription's document.

    The subscription is active when no hold is left. Writes a completed order of kind resumption; if
    there is nothing to lift, nothing changes, and an order is written only with an external
    reference.

    Problems: `not-found`, `external-reference-taken`, `subscription-terminated`.
    """
    change = StateChange(
        kind=RESUMPTION, reason=reason, note=note, external_reference=external_reference
    )
    return do_now(actor, subscription_id, change, is_not_held, carry_out_resumption)


def is_not_held(subscription: Subscription, reason: str | None) -> bool:
    """Whether there is no open hold with that reason, or none at all."""
    held = open_reasons(subscription.id)
    return reason not in held if reason else not held


def carry_out_resumption(
    actor: Actor,
    subscription: Subscription,
    order_id: UUID,
    reason: str | None,
    verb: str | None,
) -> None:
    """Lift the holds and complete the order. An operation: the caller holds the lock."""
    lifted = lift_holds(subscription, reason=reason)
    complete_order(actor, order_id, verb)
    if subscription.status == "suspended" and not open_reasons(subscription.id):
        subscription.status = "active"
        subscription.save(update_fields=["status"])
        emit_subscription_event(actor, subscription, "resumed")
    elif lifted:
        emit_subscription_event(actor, subscription, "changed")
