"""Resuming a subscription that was suspended."""

from uuid import UUID

from fusion.lifecycle.rules import require_living
from fusion.tenancy.actor import Actor
from fusion.tenancy.announce import announce_subscription
from fusion.tenancy.permissions import SUSPEND
from fusion.tenancy.queries import lock_subscription, subscription_document
from fusion.tenancy.use_case import Done, use_case


@use_case(SUSPEND, verb="subscription.resume")
def resume(actor: Actor, *, subscription_id: UUID) -> Done:
    """Resume it; without effect where it is active already.

    Problems: `not-found`, `subscription-terminated`.
    """
    subscription = lock_subscription(actor, subscription_id)
    require_living(subscription.status)
    if subscription.status == "active":
        return Done(
            subscription_document(subscription),
            subscription.path,
            subscription.id,
            subscription_id=subscription.id,
        )
    subscription.status = "active"
    subscription.save(update_fields=["status"])
    document = announce_subscription(actor, subscription, "resumed")
    return Done(document, subscription.path, subscription.id, subscription_id=subscription.id)
