"""Unlinking users: the licence is free again, the number stays with the subscription."""

from collections.abc import Sequence
from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.db_function import call_function
from fusion.access.permissions import PROVISION
from fusion.access.use_case import Answer, hot_use_case
from fusion.kernel.database import fetch_value
from fusion.tenancy.models import Subscription


@hot_use_case(PROVISION)
def unlink_user(actor: Actor, *, subscription_id: UUID, user_id: UUID) -> Answer:
    """Unlink the user's number; no effect if there is none; 204. Also on a suspended subscription.

    Problems: `forbidden`, `not-found`.
    """
    return call_function(actor, "users_unlink_v2", subscription_id=subscription_id, user_id=user_id)


def unlink(actor: Actor, subscription: Subscription, users: Sequence[UUID]) -> int:
    """Unlink those of `users` that have a number; returns how many. The caller holds the lock."""
    return int(
        fetch_value(
            "SELECT users_unlink(%s::uuid[], s, %s::text) FROM tenancy_subscription s"
            " WHERE s.id = %s",
            [list(users), actor.label, subscription.id],
        )
    )


def unlink_all_users(actor: Actor, subscription: Subscription) -> int:
    """Unlink every user of a subscription that is being terminated; returns how many.

    An operation: the caller holds the subscription's lock.
    """
    sql = "SELECT users_unlink_all(%s::uuid, %s::text)"
    return int(fetch_value(sql, [subscription.id, actor.label]))
