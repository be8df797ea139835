"""Marking failed orders as seen: somebody of the group has taken note of the failure."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.audit import record
from fusion.access.permissions import SEE_FAILURES
from fusion.access.use_case import Done, use_case
from fusion.events.emit import emit
from fusion.kernel.database import fetch_dicts
from fusion.kernel.errors import Problem, or_not_found
from fusion.ordering.models import Order
from fusion.ordering.queries import order_document_of
from fusion.tenancy.models import Subscription

VERB = "order.see"

# The key decides: of two who mark one order at once, the second waits and then changes nothing.
SEE = """
INSERT INTO ordering_seenfailure (group_id, order_id, seen_by)
SELECT o.group_id, o.id, %(actor)s::text FROM ordering_order o
WHERE o.id = ANY (%(ids)s::uuid[]) AND o.group_id = %(group)s::uuid AND o.state = 'failed'
ORDER BY o.id
ON CONFLICT DO NOTHING
RETURNING order_id
"""


@use_case(SEE_FAILURES, verb=VERB, status=200)
def see_failure(actor: Actor, *, order_id: UUID) -> Done:
    """Mark a failed order as seen; returns its document. The first mark stays.

    Problems: `not-found`, `conflict` for an order that has not failed.
    """
    (order,) = orders = _failed(actor, [order_id])
    paths = _paths(actor, orders)
    _mark(actor, orders, paths)
    path = paths[order.subscription_id]
    return Done(order_document_of(order.id), path, order.id, subscription_id=order.subscription_id)


@use_case(SEE_FAILURES, verb=VERB, status=200, unaudited=("order_ids",))
def see_failures(actor: Actor, *, order_ids: Sequence[UUID]) -> Done:
    """Mark several failed orders as seen, with an audit record for each.

    Returns {orders}: how many were not marked before. Problems as of one.
    """
    orders = _failed(actor, order_ids)
    paths = _paths(actor, orders)
    marked = _mark(actor, orders, paths)
    first, *others = orders
    for order in others:
        record(
            actor,
            verb=VERB,
            object_type="order",
            object_id=order.id,
            path=paths[order.subscription_id],
            subscription_id=order.subscription_id,
            detail={"number": order.number},
        )
    return Done(
        {"orders": marked},
        paths[first.subscription_id],
        first.id,
        subscription_id=first.subscription_id,
        recorded={"number": first.number},
    )


def _failed(actor: Actor, ids: Sequence[UUID]) -> list[Order]:
    found = {order.id: order for order in Order.objects.visible_to(actor).filter(id__in=ids)}
    orders = [or_not_found(found.get(id), "order") for id in dict.fromkeys(ids)]
    for order in orders:
        if order.state != "failed":
            raise Problem(
                "conflict",
                f"Order {order.number} is {order.state}; only a failed order can be marked as "
                "seen.",
            )
    return orders


def _paths(actor: Actor, orders: Sequence[Order]) -> dict[UUID, str]:
    ids = {order.subscription_id for order in orders}
    rows = Subscription.objects.visible_to(actor).filter(id__in=ids)
    return dict(rows.values_list("id", "path"))


def _mark(actor: Actor, orders: Sequence[Order], paths: Mapping[UUID, str]) -> int:
    """Mark the orders that nobody has marked yet, with an event for each; returns how many."""
    parameters = {
        "actor": actor.label,
        "group": actor.group_id,
        "ids": [order.id for order in orders],
    }
    marked = {row["order_id"] for row in fetch_dicts(SEE, parameters)}
    for order in orders:
        if order.id in marked:
            emit(
                type="order.seen",
                group_id=order.group_id,
                path=paths[order.subscription_id],
                subject=order.id,
                actor=actor.label,
                data=order_document_of(order.id),
                subscription_id=order.subscription_id,
            )
    return len(marked)
