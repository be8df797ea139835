"""Deleting a user: unlinks and removes it in one transaction."""

from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.permissions import PROVISION
from fusion.access.use_case import Done, use_case
from fusion.tenancy.queries import lock_subscription
from fusion.users.emit_changes import emit_user_event
from fusion.users.queries import find_user
from fusion.users.unlink import unlink


@use_case(PROVISION, verb="user.delete", status=204)
def delete_user(actor: Actor, *, subscription_id: UUID, user_id: UUID) -> Done:
    """Delete the user, in every state of the subscription; the number stays assigned to it.

    Problem: `not-found`.
    """
    # Linking a user takes this lock, too: no number can be linked to a user being deleted.
    subscription = lock_subscription(actor, subscription_id)
    user = find_user(actor, user_id, subscription.id)
    unlink(actor, subscription, [user.id])
    emit_user_event(actor, subscription, user.id, "deleted")
    user.delete()
    return Done(None, subscription.path, user_id, subscription_id=subscription.id)
