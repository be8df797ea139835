"""Changing the state of a subscription at once, with an order that records it."""

from typing import Protocol
from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.use_case import Done
from fusion.lifecycle.placing import StateChange, lock_for, write_order
from fusion.lifecycle.rules import require_living
from fusion.ordering.models import TERMINATION
from fusion.tenancy.models import Subscription
from fusion.tenancy.queries import subscription_document


class IsSo(Protocol):
    """Whether a subscription is already in the wanted state."""

    def __call__(self, subscription: Subscription, reason: str | None) -> bool:
        """`reason` is the reason of the requested change."""


class CarryOut(Protocol):
    """Bring a locked subscription into the state of the order, and complete the order.

    `verb` is the verb of the order's audit record; without one, none is written.
    """

    def __call__(
        self,
        actor: Actor,
        subscription: Subscription,
        order_id: UUID,
        reason: str | None,
        verb: str | None,
    ) -> None:
        """The order exists, and is still scheduled."""


def do_now(
    actor: Actor,
    subscription_id: UUID,
    change: StateChange,
    is_so: IsSo,
    carry_out: CarryOut,
    *,
    verb: str | None = None,
) -> Done:
    """Do it in the transaction of a use case; returns the subscription's document.

    Problems: `not-found`, `external-reference-taken`, `subscription-terminated`.
    """
    subscription = lock_for(actor, subscription_id, change)
    change_locked(actor, subscription, change, is_so, carry_out, verb=verb)
    return Done(
        subscription_document(subscription),
        subscription.path,
        subscription.id,
        subscription_id=subscription.id,
    )


def change_locked(
    actor: Actor,
    subscription: Subscription,
    change: StateChange,
    is_so: IsSo,
    carry_out: CarryOut,
    *,
    verb: str | None = None,
) -> UUID | None:
    """Change a subscription whose lock the caller holds; the id of the order that records it.

    None if it is so already and the change has no external reference. Problem
    `subscription-terminated`.
    """
    if change.kind != TERMINATION:
        require_living(subscription.status)
    if change.external_reference is None and is_so(subscription, change.reason):
        return None
    order_id = write_order(actor, subscription, change)
    carry_out(actor, subscription, order_id, change.reason, verb)
    return order_id
