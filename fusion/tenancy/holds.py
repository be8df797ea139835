"""Holds: the reasons why a subscription is suspended. Operations, under its lock."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from fusion.kernel.clock import instant
from fusion.kernel.database import execute
from fusion.tenancy.models import Hold, Subscription

PLACE = """
INSERT INTO tenancy_hold (group_id, id, subscription_id, reason, order_id, since)
VALUES (%s::uuid, %s::uuid, %s::uuid, %s::text, %s::uuid, kernel_now())
ON CONFLICT (group_id, subscription_id, reason) WHERE lifted_at IS NULL DO NOTHING
"""

LIFT = """
UPDATE tenancy_hold SET lifted_at = kernel_now()
WHERE subscription_id = %s::uuid AND lifted_at IS NULL
  AND (%s::text IS NULL OR reason = %s::text)
"""


def place_hold(subscription: Subscription, *, reason: str, order_id: UUID | None) -> bool:
    """Place a hold; False if one with that reason is already open."""
    hold = Hold()
    parameters = [subscription.group_id, hold.id, subscription.id, reason, order_id]
    return bool(execute(PLACE, parameters))


def lift_holds(subscription: Subscription, *, reason: str | None) -> int:
    """Lift the hold with that reason, or all of them; returns how many."""
    return execute(LIFT, [subscription.id, reason, reason])


def open_holds(subscriptions: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """Subscription → its open holds as {reason, since, order_id}, oldest first.

    The caller has checked that the subscriptions are visible; those without a hold are left out.
    """
    rows = Hold.objects.unscoped("the caller sees the subscriptions").filter(
        subscription_id__in=subscriptions, lifted_at__isnull=True
    )
    found: dict[UUID, list[dict[str, Any]]] = {}
    for hold in rows.order_by("since", "reason"):
        document = {
            "reason": hold.reason,
            "since": instant(hold.since),
            "order_id": str(hold.order_id) if hold.order_id else None,
        }
        found.setdefault(hold.subscription_id, []).append(document)
    return found


def open_reasons(subscription_id: UUID) -> list[str]:
    """The reasons why the subscription is suspended, oldest first."""
    return [hold["reason"] for hold in open_holds([subscription_id]).get(subscription_id, [])]
