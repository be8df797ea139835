"""Routing a number to a trunk. It consumes no user licence."""

from uuid import UUID

import orjson

from fusion.access.actor import Actor
from fusion.access.permissions import PROVISION
from fusion.access.use_case import Done, use_case
from fusion.kernel.database import first_row
from fusion.kernel.errors import problem_of
from fusion.numbers.models import Number
from fusion.numbers.queries import number_document
from fusion.tenancy.queries import lock_subscription
from fusion.trunks.emit_changes import emit_route_event
from fusion.trunks.queries import find_trunk
from fusion.trunks.rules import require_active

ROUTE = "SELECT trunks_route(%s::uuid, %s::uuid, %s::text, %s::uuid)::text"


@use_case(PROVISION, verb="trunk.route")
def route_number(actor: Actor, *, subscription_id: UUID, trunk_id: UUID, e164: str) -> Done:
    """Route it; no effect if it is already routed to this trunk.

    Problems: `not-found`, `subscription-suspended`, `subscription-terminated`,
    `number-not-assigned`, `number-in-use` (linked to a user, or to another trunk).
    """
    subscription = lock_subscription(actor, subscription_id)
    trunk = find_trunk(actor, trunk_id, subscription_id)
    if not Number.objects.visible_to(actor).filter(e164=e164, trunk_id=trunk.id).exists():
        require_active(subscription.status)
        row = first_row(ROUTE, [actor.group_id, subscription_id, e164, trunk.id])
        if row is not None and row[0] is not None:
            raise problem_of(orjson.loads(row[0]))
        emit_route_event(actor, subscription, e164, "routed")
    return Done(number_document(e164), subscription.path, trunk.id, subscription_id=subscription.id)
