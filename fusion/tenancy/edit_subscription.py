"""Changing a subscription's name or reference. Its tenant never changes."""

from collections.abc import Mapping
from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.constraint_errors import map_constraint_errors
from fusion.access.permissions import MANAGE_SUBSCRIPTIONS
from fusion.access.use_case import Done, use_case
from fusion.kernel.errors import Problem
from fusion.tenancy.emit_changes import emit_subscription_event
from fusion.tenancy.queries import lock_subscription, subscription_document
from fusion.tenancy.references import changed_reference, reference_taken


@use_case(MANAGE_SUBSCRIPTIONS, verb="subscription.change")
def edit_subscription(
    actor: Actor, *, subscription_id: UUID, changes: Mapping[str, str | None]
) -> Done:
    """Set the members of `changes`: `name`, or `external_reference` (None clears it).

    Problems: `not-found`, `subscription-terminated`, `external-reference-taken`, `conflict` (an
    organization above the actor's has set the reference).
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
            "The subscription is terminated. You can no longer change it.",
        )
    for name, value in new.items():
        setattr(subscription, name, value)
    taken = reference_taken(actor, subscription, "subscription")
    with map_constraint_errors(subscription_external_reference=taken):
        subscription.save(update_fields=list(new))
    document = emit_subscription_event(actor, subscription, "changed")
    return Done(document, subscription.path, subscription.id, subscription_id=subscription.id)
