"""Cancelling a scheduled order."""

from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.audit import traced
from fusion.access.permissions import CANCEL_ORDERS
from fusion.access.use_case import Done, use_case
from fusion.kernel.database import execute, fetch_value
from fusion.kernel.errors import Problem
from fusion.ordering.models import REVERSIBLE, Order
from fusion.ordering.permissions import find_order_to_cancel
from fusion.ordering.queries import order_document_of
from fusion.tenancy.queries import lock_subscription

CANCEL_EXPIRIES = "SELECT ordering_cancel_expiries(%s::uuid, %s::uuid[], %s::text, %s::text)"
"""Cancel the expiries of orders that did not or do no longer count."""


@use_case(CANCEL_ORDERS, verb="order.cancel", status=200)
def cancel_order(actor: Actor, *, order_id: UUID) -> Done:
    """Cancel a scheduled order; returns its document. Needs the permission to place an order of its
    kind.

    Problems: `not-found`, `forbidden`, `order-not-cancellable` for an order in any other state. The
    statement itself tests the state: it waits for a worker that is applying the order, and then
    finds it no longer scheduled.
    """
    order = find_order_to_cancel(actor, order_id)
    if (
        order.ends_at is not None
    ):  # its expiry goes too: nobody may lock the two the other way round
        lock_subscription(actor, order.subscription_id)
    cancelled = (
        Order.objects.visible_to(actor)
        .filter(id=order_id, state="scheduled")
        .update(state="cancelled")
    )
    if not cancelled:
        state = Order.objects.visible_to(actor).values_list("state", flat=True).get(id=order_id)
        help = ""
        if state != "completed":
            help = " It changed nothing."
        elif order.kind in REVERSIBLE:
            help = " Reverse it instead."
        raise Problem(
            "order-not-cancellable",
            f"Order {order.number} is {state}; only a scheduled order can be cancelled.{help}",
        )
    execute("SELECT ordering_emit(%s::uuid, %s::text)", [order_id, actor.label])
    execute(CANCEL_EXPIRIES, [order.group_id, [order_id], actor.label, traced(actor)])
    path = fetch_value("SELECT path FROM tenancy_organization WHERE id = %s", [order.tenant_id])
    return Done(order_document_of(order_id), path, order_id, subscription_id=order.subscription_id)
