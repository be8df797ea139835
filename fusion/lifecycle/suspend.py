"""Suspending a subscription: what exists stays, nothing new is provisioned."""

from uuid import UUID

from fusion.lifecycle.rules import require_living
from fusion.tenancy.actor import Actor
from fusion.tenancy.announce import announce_subscription
from fusion.tenancy.permissions import SUSPEND
from fusion.tenancy.queries import lock_subscription, subscription_document
from fusion.tenancy.use_case import Done, use_case


@use_case(SUSPEND, verb="subscription.suspend")
def suspend(actor: Actor, *, subscription_id: UUID) -> Done:
    """Suspend it; without effect where it is suspended already.

    Problems: `not-found`, `subscription-terminated`.
    """
    subscription = lock_subscription(actor, subscription_id)
    require_living(subscription.status)
    if subscription.status == "suspended":
        return Done(
            subscription_document(subscription),
            subscription.path,
            subscription.id,
            subscription_id=subscription.id,
        )
    subscription.status = "suspended"
    subscription.save(update_fields=["status"])
    document = announce_subscription(actor, subscription, "suspended")
    return Done(document, subscription.path, subscription.id, subscription_id=subscription.id)
