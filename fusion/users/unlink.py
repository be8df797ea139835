"""Unlinking users: the licence is free again, the number stays with the subscription."""

from collections.abc import Sequence
from uuid import UUID

from django.db import connection

from fusion.access.actor import Actor
from fusion.access.permissions import PROVISION
from fusion.access.use_case import Done, use_case
from fusion.tenancy.models import Subscription
from fusion.tenancy.queries import lock_subscription
from fusion.users.queries import find_user


@use_case(PROVISION, verb="user.unlink", status=204)
def unlink_user(actor: Actor, *, subscription_id: UUID, user_id: UUID) -> Done:
    """Unlink the user's number; no effect if there is none. Also on a suspended subscription.

    Problem: `not-found`.
    """
    subscription = lock_subscription(actor, subscription_id)
    user = find_user(actor, user_id, subscription.id)
    unlink(actor, subscription, [user.id])
    return Done(None, subscription.path, user.id, subscription_id=subscription.id)


def unlink(actor: Actor, subscription: Subscription, users: Sequence[UUID]) -> int:
    """Unlink those of `users` that have a number; returns how many. The caller holds the lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT users_unlink(%s::uuid[], s, %s::text) FROM tenancy_subscription s"
            " WHERE s.id = %s",
            [list(users), actor.label, subscription.id],
        )
        (count,) = cursor.fetchone()
    return int(count)


def unlink_all_users(actor: Actor, subscription: Subscription) -> int:
    """Unlink every user of a subscription that is being terminated; returns how many.

    An operation: the caller holds the subscription's lock.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT users_unlink_all(%s::uuid, %s::text)", [subscription.id, actor.label]
        )
        (count,) = cursor.fetchone()
    return int(count)
