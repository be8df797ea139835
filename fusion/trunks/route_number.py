"""Routing a number to a trunk. It consumes no user licence."""

from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.permissions import PROVISION
from fusion.access.use_case import Done, use_case
from fusion.kernel.errors import Problem
from fusion.numbers.models import Number
from fusion.tenancy.queries import lock_subscription
from fusion.trunks.queries import find_trunk, number_document
from fusion.trunks.rules import require_active


@use_case(PROVISION, verb="trunk.route")
def route_number(actor: Actor, *, subscription_id: UUID, trunk_id: UUID, e164: str) -> Done:
    """Route it; no effect if it is already routed to this trunk.

    Problems: `not-found`, `subscription-suspended`, `subscription-terminated`,
    `number-not-assigned`, `number-in-use` (linked to a user, or to another trunk).
    """
    subscription = lock_subscription(actor, subscription_id)
    trunk = find_trunk(actor, trunk_id, subscription_id)
    rows = Number.objects.visible_to(actor).select_for_update()
    number = rows.filter(e164=e164, subscription_id=subscription_id, status="assigned").first()
    if number is None or number.trunk_id != trunk.id:
        require_active(subscription.status)
        number = _require_free_to_link(number, e164)
        number.trunk_id = trunk.id
        number.save(update_fields=["trunk_id"])
    return Done(number_document(e164), subscription.path, trunk.id, subscription_id=subscription.id)


def _require_free_to_link(number: Number | None, e164: str) -> Number:
    if number is None:
        raise Problem(
            "number-not-assigned", f"{e164} is not assigned to this subscription. Assign it first."
        )
    if number.user_id is not None or number.trunk_id is not None:
        holder = "a user" if number.trunk_id is None else "another trunk"
        raise Problem(
            "number-in-use",
            f"{e164} is linked to {holder}. Unlink it there first, or choose another number.",
            extra={"user_id": number.user_id, "trunk_id": number.trunk_id},
        )
    return number
