"""Changing a user's login and display name. The kind never changes."""

from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.constraint_errors import map_constraint_errors
from fusion.access.permissions import PROVISION
from fusion.access.use_case import Done, use_case
from fusion.tenancy.queries import lock_subscription
from fusion.users.create_user import login_taken, require_one_script
from fusion.users.emit_changes import emit_user_event
from fusion.users.queries import find_user, user_document
from fusion.users.rules import require_living


@use_case(PROVISION, verb="user.change")
def edit_user(
    actor: Actor,
    *,
    subscription_id: UUID,
    user_id: UUID,
    login: str | None = None,
    display_name: str | None = None,
) -> Done:
    """Set the login, the display name or both; None leaves one unchanged.

    Problems: `not-found`, `subscription-terminated`, `conflict` (the login is taken),
    `invalid-fields` (the login mixes scripts).
    """
    subscription = lock_subscription(actor, subscription_id)
    user = find_user(actor, user_id, subscription.id)
    wanted = {"login": login, "display_name": display_name}
    new = {
        name: value
        for name, value in wanted.items()
        if value is not None and value != getattr(user, name)
    }
    if new:
        require_living(subscription.status)
        if "login" in new:
            require_one_script(new["login"])
        for name, value in new.items():
            setattr(user, name, value)
        with map_constraint_errors(**login_taken(user.login)):
            user.save(update_fields=list(new))
        emit_user_event(actor, subscription, user.id, "changed")
    return Done(user_document(user.id), subscription.path, user.id, subscription_id=subscription.id)
