"""Changing a user's display name. Login and kind never change."""

from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.permissions import PROVISION
from fusion.access.use_case import Done, use_case
from fusion.tenancy.queries import lock_subscription
from fusion.users.emit_changes import emit_user_event
from fusion.users.queries import find_user, user_document
from fusion.users.rules import require_living


@use_case(PROVISION, verb="user.change")
def edit_user(
    actor: Actor, *, subscription_id: UUID, user_id: UUID, display_name: str | None = None
) -> Done:
    """Set the display name; None leaves it unchanged.

    Problems: `not-found`, `subscription-terminated`.
    """
    subscription = lock_subscription(actor, subscription_id)
    user = find_user(actor, user_id, subscription.id)
    if display_name is not None and display_name != user.display_name:
        require_living(subscription.status)
        user.display_name = display_name
        user.save(update_fields=["display_name"])
        emit_user_event(actor, subscription, user.id, "changed")
    return Done(user_document(user.id), subscription.path, user.id, subscription_id=subscription.id)
