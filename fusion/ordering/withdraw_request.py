"""Withdrawing an order request: by the requester, or by an organization above it."""

from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.permissions import REQUEST_ORDERS
from fusion.access.use_case import Done, use_case
from fusion.kernel.clock import KernelNow
from fusion.kernel.errors import Problem
from fusion.ordering.requests import emit_request_event, find_request, lock_open_request


@use_case(REQUEST_ORDERS, verb="order-request.withdraw")
def withdraw_request(actor: Actor, *, request_id: UUID) -> Done:
    """Withdraw the request.

    Problems: `not-found`, `conflict` (already decided), `forbidden` for organizations below the
    requester: they see the request but do not own it.
    """
    if not find_request(actor, request_id).path.startswith(actor.path):
        raise Problem(
            "forbidden",
            "Another organization created this request. Only that organization or one "
            "above it can withdraw it. Ask the group to reject it.",
        )
    order_request, subscription = lock_open_request(actor, request_id)
    order_request.state, order_request.decided_by, order_request.decided_at = (
        "withdrawn",
        actor.label,
        KernelNow(),
    )
    order_request.save(update_fields=["state", "decided_by", "decided_at"])
    document = emit_request_event(actor, order_request, subscription.path, "withdrawn")
    return Done(document, subscription.path, order_request.id, subscription_id=subscription.id)
