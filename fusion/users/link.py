"""Linking a user to a number: one round trip to `link.sql`, which decides and writes."""

from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.db_function import call_function
from fusion.access.permissions import PROVISION
from fusion.access.use_case import Answer, hot_use_case
from fusion.numbers.resolve import resolve_number

FUNCTION = "users_link_v2"


@hot_use_case(PROVISION)
def link_user(actor: Actor, *, subscription_id: UUID, user_id: UUID, number: str) -> Answer:
    """Link the user to `number`, which is assigned to the subscription; 200 and the user.

    The first link consumes a licence; another number moves the link and keeps the licence.

    Problems: `forbidden`, `not-found`, `invalid-fields`, `subscription-suspended`,
    `subscription-terminated`, `number-not-assigned`, `number-in-use`, `no-license`.
    """
    number = resolve_number(actor, number, subscription_id=subscription_id)
    return call_function(
        actor,
        FUNCTION,
        subscription_id=subscription_id,
        user_id=user_id,
        number=number,
    )
