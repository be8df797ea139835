"""Linking a user to a number: one round trip to `link.sql`, which decides and writes."""

from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.permissions import PROVISION
from fusion.access.use_case import Answer
from fusion.numbers.call import asked_by, call


def link_user(actor: Actor, *, subscription_id: UUID, user_id: UUID, number: str) -> Answer:
    """Link the user to `number`, which is assigned to the subscription; 200 and the user.

    The first link consumes a licence; another number moves the link and keeps the licence.

    Problems: `forbidden`, `not-found`, `subscription-suspended`, `subscription-terminated`,
    `number-not-assigned`, `number-in-use`, `no-license`.
    """
    PROVISION.require_role(actor)
    return call(
        "users_link",
        *asked_by(actor),
        ("uuid", subscription_id),
        ("uuid", user_id),
        ("text", number),
    )
