"""Creating a user: it consumes no licence until it is linked."""

from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.constraint_errors import map_constraint_errors
from fusion.access.permissions import PROVISION
from fusion.access.use_case import Done, use_case
from fusion.kernel.errors import InvalidFields, Problem
from fusion.tenancy.queries import lock_subscription
from fusion.users.emit_changes import emit_user_event
from fusion.users.models import User
from fusion.users.rules import one_script, require_living


@use_case(PROVISION, verb="user.create", status=201)
def create_user(
    actor: Actor, *, subscription_id: UUID, login: str, display_name: str, kind: str
) -> Done:
    """Create a user or a resource account; also on a suspended subscription.

    Problems: `not-found`, `subscription-terminated`, `conflict` (the login is taken),
    `invalid-fields` (it mixes scripts).
    """
    require_one_script(login)
    subscription = lock_subscription(actor, subscription_id)
    require_living(subscription.status)
    user = User(
        group_id=subscription.group_id,
        subscription_id=subscription.id,
        login=login,
        display_name=display_name,
        kind=kind,
    )
    with map_constraint_errors(**login_taken(login)):
        user.save(force_insert=True)
    document = emit_user_event(actor, subscription, user.id, "created")
    return Done(document, subscription.path, user.id, subscription_id=subscription.id)


def require_one_script(login: str) -> None:
    """Problem `invalid-fields` for a login that mixes scripts."""
    try:
        one_script(login)
    except ValueError as error:
        raise InvalidFields(login=str(error)) from None


def login_taken(login: str) -> dict[str, Problem]:
    """Constraint → the refusal of a login that another user has."""
    taken = Problem(
        "conflict",
        f"Another user of this subscription has the login {login}; case and look-alike "
        "spellings are ignored. Choose another login, or use the existing user.",
        extra={"login": login},
    )
    return {"user_login": taken, "user_login_key": taken}
