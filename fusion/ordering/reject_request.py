"""Rejecting an order request with a reason, and all open requests of a terminated subscription."""

from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.permissions import PLACE_ORDERS
from fusion.access.use_case import Done, use_case
from fusion.kernel.clock import KernelNow
from fusion.ordering.models import OrderRequest
from fusion.ordering.requests import emit_request_event, lock_open_request
from fusion.tenancy.models import Subscription

ENDED = "The subscription was terminated."


@use_case(PLACE_ORDERS, verb="order-request.reject")
def reject_request(actor: Actor, *, request_id: UUID, reason: str) -> Done:
    """Reject the request. Problems: `not-found`, `conflict` (already decided)."""
    order_request, subscription = lock_open_request(actor, request_id)
    return Done(
        _reject(actor, order_request, subscription, reason),
        subscription.path,
        order_request.id,
        subscription_id=subscription.id,
    )


def reject_open_requests(actor: Actor, subscription: Subscription) -> int:
    """Reject the open requests of a subscription that is being terminated; returns how many.

    An operation: the caller holds the subscription's lock.
    """
    rows = OrderRequest.objects.visible_to(actor).filter(
        subscription_id=subscription.id, state="open"
    )
    requests = list(rows.order_by("id").select_for_update(no_key=True))
    for order_request in requests:
        _reject(actor, order_request, subscription, ENDED)
    return len(requests)


def _reject(
    actor: Actor, order_request: OrderRequest, subscription: Subscription, reason: str
) -> dict[str, object]:
    order_request.state, order_request.reason = "rejected", reason
    order_request.decided_by, order_request.decided_at = actor.label, KernelNow()
    order_request.save(update_fields=["state", "reason", "decided_by", "decided_at"])
    return emit_request_event(actor, order_request, subscription.path, "rejected")
