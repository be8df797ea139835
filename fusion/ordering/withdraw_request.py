"""Withdrawing an order request: by the requester, or by an organization above it."""

from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.permissions import REQUEST_ORDERS
from fusion.access.use_case import Done, use_case
from fusion.kernel.clock import KernelNow
from fusion.kernel.errors import Problem
from fusion.ordering.requests import announce, find_request, lock_open_request


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
    asked, subscription = lock_open_request(actor, request_id)
    asked.state, asked.decided_by, asked.decided_at = "withdrawn", actor.label, KernelNow()
    asked.save(update_fields=["state", "decided_by", "decided_at"])
    document = announce(actor, asked, subscription.path, "withdrawn")
    return Done(document, subscription.path, asked.id, subscription_id=subscription.id)
