"""Deleting a trunk without numbers or live calls."""

from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.permissions import PROVISION
from fusion.access.use_case import Done, use_case
from fusion.kernel.clock import KernelNowOnce
from fusion.kernel.database import execute
from fusion.kernel.errors import Problem
from fusion.numbers.models import Number
from fusion.tenancy.queries import lock_subscription
from fusion.trunks.emit_changes import emit_trunk_event
from fusion.trunks.models import Call, Trunk
from fusion.trunks.queries import find_trunk


@use_case(PROVISION, verb="trunk.delete", status=204)
def delete_trunk(actor: Actor, *, subscription_id: UUID, trunk_id: UUID) -> Done:
    """Delete it and the tombstones of its calls; their call records stay.

    Problems: `not-found`, `number-in-use` (numbers are routed to it), `conflict` (it has live
    calls).
    """
    # Routing a number and admitting a call wait for this lock, and then do not find the trunk.
    subscription = lock_subscription(actor, subscription_id)
    trunk = find_trunk(actor, trunk_id, subscription_id)
    _require_unused(trunk)
    execute("SELECT trunks_forget_calls(%s::uuid)", [trunk.id])
    emit_trunk_event(actor, subscription, trunk, "deleted")
    trunk.delete()
    return Done(None, subscription.path, trunk_id, subscription_id=subscription.id)


def _require_unused(trunk: Trunk) -> None:
    permitted = "the actor may change this trunk"
    numbers = Number.objects.unscoped(permitted).filter(trunk_id=trunk.id).count()
    live = Call.objects.unscoped(permitted).filter(
        subscription_id=trunk.subscription_id,
        trunk_id=trunk.id,
        ended_at=None,
        lease_expires_at__gt=KernelNowOnce(),
    )
    calls = live.count()
    if numbers or calls:
        raise Problem(
            "number-in-use" if numbers else "conflict",
            f"This trunk has {numbers} routed numbers and {calls} live calls. Unroute the "
            "numbers and wait until the calls end.",
            extra={"numbers": numbers, "calls": calls},
        )
