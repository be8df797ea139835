"""State changes of a subscription: buttons, suspension reasons, scheduled changes."""

from collections.abc import Sequence
from typing import Any

from fusion.access.actor import Actor
from fusion.access.permissions import MANAGE_SUBSCRIPTIONS, MOVE, SUSPEND, TERMINATE
from fusion.kernel.clock import read_instant
from fusion.lifecycle.restore_plan import is_restorable
from fusion.ordering.models import OF_STATE, SUSPENSION, Order
from fusion.ordering.permissions import permission_of
from fusion.portal.forms import Confirmation
from fusion.tenancy.holds import open_holds
from fusion.tenancy.models import Subscription


def states(actor: Actor, subscription: Subscription) -> dict[str, Any]:
    """The context of `portal/subscriptions/states.html` and `planned.html`.

    The available buttons, the open `holds`, and `planned`: scheduled changes of its state.
    """
    living = subscription.status != "terminated"
    planned = _planned(actor, subscription) if living else []
    suspended = subscription.status == "suspended"
    may_suspend = living and SUSPEND.allows(actor)
    return {
        "may_edit": living and MANAGE_SUBSCRIPTIONS.allows(actor),
        "may_move": living and MOVE.allows(actor),
        "may_suspend": may_suspend,
        "may_resume": may_suspend
        and (suspended or any(order["kind"] == SUSPENSION for order in planned)),
        "may_terminate": living and TERMINATE.allows(actor),
        "may_restore": not living and TERMINATE.allows(actor) and is_restorable(subscription),
        "holds": holds_of(subscription),
        "planned": planned,
        "confirmation": Confirmation(),
    }


def holds_of(subscription: Subscription) -> Sequence[dict[str, Any]]:
    """Its open holds, with `since` as an instant."""
    if subscription.status != "suspended":
        return []
    found = open_holds([subscription.id]).get(subscription.id, [])
    return [{**hold, "since": read_instant(hold["since"])} for hold in found]


def _planned(actor: Actor, subscription: Subscription) -> list[dict[str, Any]]:
    rows = Order.objects.visible_to(actor).filter(
        subscription_id=subscription.id, state="scheduled", kind__in=OF_STATE
    )
    return [
        {
            "id": order.id,
            "key": str(order.id),
            "number": order.number,
            "kind": order.kind,
            "effective_at": order.effective_at,
            "reason": order.reason,
            "note": order.note,
            "may_cancel": permission_of(order).allows(actor),
        }
        for order in rows.order_by("effective_at", "placed_at", "id")
    ]
