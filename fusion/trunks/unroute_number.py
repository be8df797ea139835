"""Removing the route of one number, or of all numbers of a subscription."""

from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.permissions import PROVISION
from fusion.access.use_case import Done, use_case
from fusion.kernel.database import execute, fetch_value
from fusion.kernel.errors import or_not_found
from fusion.numbers.models import Number
from fusion.tenancy.models import Subscription
from fusion.tenancy.queries import lock_subscription
from fusion.trunks.emit_changes import emit_route_event
from fusion.trunks.queries import find_trunk

UNROUTE = "SELECT numbers_set_holder(%s::uuid, %s::text[], NULL, NULL)"


@use_case(PROVISION, verb="trunk.unroute", status=204)
def unroute_number(actor: Actor, *, subscription_id: UUID, trunk_id: UUID, e164: str) -> Done:
    """Remove its route; it stays assigned to the subscription. No effect if it is not routed to
    this trunk.

    Problem: `not-found` (the trunk, or the number in this subscription).
    """
    subscription = lock_subscription(actor, subscription_id)
    trunk = find_trunk(actor, trunk_id, subscription_id)
    rows = Number.objects.visible_to(actor).filter(e164=e164, subscription_id=subscription_id)
    number = or_not_found(rows.first(), "number in this subscription")
    if number.trunk_id == trunk.id:
        execute(UNROUTE, [actor.group_id, [e164]])
        emit_route_event(actor, subscription, e164, "unrouted")
    return Done(None, subscription.path, trunk.id, subscription_id=subscription.id)


def unroute_all(subscription: Subscription) -> int:
    """Remove all routes of a subscription's numbers; returns how many.

    The caller holds its lock.
    """
    return int(fetch_value("SELECT trunks_unroute_all(%s::uuid)", [subscription.id]))
