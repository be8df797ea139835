"""Approving an order request: it becomes an order in the same transaction, or stays open."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from fusion.access.actor import Actor, Request
from fusion.access.permissions import PLACE_ORDERS
from fusion.access.use_case import Done, use_case
from fusion.kernel.clock import KernelNow
from fusion.ordering.place import Draft, Line, place_order
from fusion.ordering.requests import emit_request_event, lines_of, lock_open_request


@use_case(PLACE_ORDERS, verb="order-request.approve")
def approve_request(actor: Actor, *, request_id: UUID, lines: Sequence[Line] | None = None) -> Done:
    """Place an order for the requested lines, or for `lines`; returns the request with its order.

    Problems: `not-found`, `conflict` (already decided), and those of an order. After any of them
    nothing has changed and the request is still open.
    """
    order_request, subscription = lock_open_request(actor, request_id)
    # The key belongs to the approval; the order has none.
    ordering = replace(actor, request=Request(id=actor.request.id))
    wanted = lines_of(order_request) if lines is None else tuple(lines)
    order = place_order(ordering, draft=Draft(subscription.id, wanted))
    order_request.state, order_request.decided_by, order_request.decided_at = (
        "approved",
        actor.label,
        KernelNow(),
    )
    order_request.order_id = UUID(order.body["id"])
    order_request.save(update_fields=["state", "decided_by", "decided_at", "order_id"])
    document = emit_request_event(actor, order_request, subscription.path, "approved")
    return Done(document, subscription.path, order_request.id, subscription_id=subscription.id)
