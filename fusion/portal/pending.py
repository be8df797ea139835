"""What scheduled orders will change, and which have failed, as pages of a subscription show it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet

from fusion.access.actor import GROUP, Actor
from fusion.kernel.clock import now, read_instant
from fusion.ordering.models import Order
from fusion.ordering.order_search import is_seen
from fusion.tenancy.models import Subscription

MOST_PENDING = 5
"""Most changes by scheduled orders that a balance shows; the list of orders has all."""

DAYS = 7
"""Days after its date for which organizations below the group see a failed order."""

MOST = 99
"""The greatest number of failures that is counted."""


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


def unseen_failures(actor: Actor) -> QuerySet[Order]:
    """The failed orders that nobody of the group has marked as seen."""
    rows = Order.objects.visible_to(actor).filter(group_id=actor.group_id, state="failed")
    return rows.filter(is_seen(False))


def count_of_failures(actor: Actor) -> str:
    """How many there are, for the group; empty for none."""
    if actor.kind != GROUP:
        return ""
    count = len(unseen_failures(actor).values_list("id")[: MOST + 1])
    return f"{MOST}+" if count > MOST else str(count or "")


def failed_orders(actor: Actor, subscription: Subscription) -> Sequence[Order]:
    """The newest scheduled orders of the subscription that failed and that nobody has seen.

    Below the group, where nobody can mark them as seen, only those of the last days.
    """
    rows = unseen_failures(actor).filter(subscription_id=subscription.id)
    if actor.kind != GROUP:
        rows = rows.filter(effective_at__gte=now() - timedelta(days=DAYS))
    return list(rows.order_by("-effective_at", "-id")[:MOST_PENDING])
