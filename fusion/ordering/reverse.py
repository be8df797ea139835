"""Reversing an order: a new order that takes back exactly what a completed one did, once."""

from datetime import datetime
from uuid import UUID

from fusion.access.actor import Actor
from fusion.ordering.place import Draft
from fusion.ordering.queries import find_order


def reversal_of(
    actor: Actor,
    order_id: UUID,
    *,
    external_reference: str | None = None,
    effective_at: datetime | None = None,
    note: str | None = None,
) -> Draft:
    """The order that reverses another, to be placed or previewed; `reverse.sql` finds its lines.

    Problem `not-found` unless `actor` sees the order to reverse.
    """
    order = find_order(actor, order_id)
    return Draft(
        order.subscription_id,
        (),
        external_reference=external_reference,
        effective_at=effective_at,
        note=note,
        reverses=order.id,
    )
