"""Terminating a subscription: final, and all of it in one transaction."""

from uuid import UUID

from django.db import connection

from fusion.kernel.ids import new_id
from fusion.numbers.release import release_all_numbers
from fusion.ordering.reject_request import reject_open_requests
from fusion.tenancy.actor import Actor
from fusion.tenancy.announce import announce_subscription
from fusion.tenancy.models import Subscription
from fusion.tenancy.permissions import TERMINATE
from fusion.tenancy.queries import lock_subscription, subscription_document
from fusion.tenancy.use_case import Done, use_case
from fusion.trunks.unroute_number import unroute_all
from fusion.users.unlink import unlink_all_users


@use_case(TERMINATE, verb="subscription.terminate")
def terminate(actor: Actor, *, subscription_id: UUID) -> Done:
    """End it: scheduled orders are cancelled, what is held is removed by a completed order of
    kind termination, balances end at 0/0. Without effect where it is terminated already.

    Problem: `not-found`.
    """
    # Orders take this lock first, too: one is either complete before this goes on, and is undone
    # with the rest, or it waits and then finds the subscription terminated.
    subscription = lock_subscription(actor, subscription_id)
    if subscription.status == "terminated":
        return Done(
            subscription_document(subscription),
            subscription.path,
            subscription.id,
            subscription_id=subscription.id,
        )
    # What consumes the subscription's balances is released here, before the orders end.
    unlink_all_users(actor, subscription)
    unroute_all(subscription)
    release_all_numbers(actor, subscription)
    _end_orders(actor, subscription)
    reject_open_requests(actor, subscription)
    subscription.status = "terminated"
    subscription.save(update_fields=["status"])
    document = announce_subscription(actor, subscription, "terminated")
    return Done(document, subscription.path, subscription.id, subscription_id=subscription.id)


def _end_orders(actor: Actor, subscription: Subscription) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT lifecycle_end_orders(%s::uuid, %s::uuid, %s::text, %s::text)",
            [subscription.id, new_id(), actor.label, actor.request.id],
        )
