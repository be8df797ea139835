"""Changing what a subscription is called. Its tenant never changes."""

from collections.abc import Mapping
from uuid import UUID

from fusion.kernel.errors import Problem
from fusion.tenancy.actor import Actor
from fusion.tenancy.announce import announce_subscription
from fusion.tenancy.permissions import MANAGE_SUBSCRIPTIONS
from fusion.tenancy.queries import lock_subscription, subscription_document
from fusion.tenancy.references import changed_reference, reference_taken
from fusion.tenancy.refusing import refusing
from fusion.tenancy.use_case import Done, use_case


@use_case(MANAGE_SUBSCRIPTIONS, verb="subscription.change")
def edit_subscription(
    actor: Actor, *, subscription_id: UUID, changes: Mapping[str, str | None]
) -> Done:
    """Set `name` or `external_reference` (None clears it), those of them that `changes` holds.

    Problems: `not-found`, `subscription-terminated`, `external-reference-taken`, `conflict` (a
    reference that an organization above the actor's has set).
    """
    subscription = lock_subscription(actor, subscription_id)
    new = changed_reference(actor, subscription, changes)
    if changes.get("name", subscription.name) != subscription.name:
        new["name"] = changes["name"]
    if not new:
        return Done(
            subscription_document(subscription),
            subscription.path,
            subscription.id,
            subscription_id=subscription.id,
        )
    if subscription.status == "terminated":
        raise Problem(
            "subscription-terminated",
            "The subscription is terminated; that is final, and it is kept as it was.",
        )
    for name, value in new.items():
        setattr(subscription, name, value)
    taken = reference_taken(actor, subscription, "subscription")
    with refusing(subscription_external_reference=taken):
        subscription.save(update_fields=list(new))
    document = announce_subscription(actor, subscription, "changed")
    return Done(document, subscription.path, subscription.id, subscription_id=subscription.id)
