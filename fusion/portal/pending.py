"""What scheduled orders will change, and which have failed, as pages of a subscription show it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from fusion.access.actor import Actor
from fusion.kernel.clock import now, read_instant
from fusion.ordering.models import Order
from fusion.tenancy.models import Subscription

MOST_PENDING = 5
"""Most changes by scheduled orders that a balance shows; the list of orders has all."""

DAYS = 7
"""Days after its date for which a failed order is shown."""


def with_words(changes: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The `pending` changes of a balance with `at`, how many (`count`), and whether `fewer`."""
    return [
        {
            **change,
            "at": read_instant(change["effective_at"]),
            "count": abs(change["delta"] or 0),
            "fewer": (change["delta"] or 0) < 0,
        }
        for change in changes[:MOST_PENDING]
    ]


def failed_orders(actor: Actor, subscription: Subscription) -> Sequence[Order]:
    """The newest scheduled orders of the subscription that failed in the last days."""
    rows = Order.objects.visible_to(actor).filter(
        group_id=subscription.group_id,
        subscription_id=subscription.id,
        state="failed",
        effective_at__gte=now() - timedelta(days=DAYS),
    )
    return list(rows.order_by("-effective_at", "-id")[:MOST_PENDING])
