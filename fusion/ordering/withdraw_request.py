"""Withdrawing an order request: by the requester, or by an organization above it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.permissions import REQUEST_ORDERS
from fusion.access.use_case import Done, use_case
from fusion.kernel.database import database_now
from fusion.kernel.errors import Problem
from fusion.ordering.models import OrderRequest
from fusion.ordering.requests import emit_request_event, find_request, lock_open_request
from fusion.tenancy.models import Subscription


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
    document = _withdraw(actor, order_request, subscription.path, database_now())
    return Done(document, subscription.path, order_request.id, subscription_id=subscription.id)


def withdraw_requests_of(
    actor: Actor,
    *,
    organizations: Sequence[UUID],
    subscriptions: Sequence[Subscription],
    at: datetime,
) -> int:
    """Withdraw the open requests of organizations that are about to lose sight of subscriptions.

    Returns how many. An operation: the caller holds the locks of the subscriptions.
    """
    paths = {each.id: each.path for each in subscriptions}
    rows = OrderRequest.objects.visible_to(actor).select_for_update(no_key=True)
    requests = rows.filter(
        subscription_id__in=list(paths), organization_id__in=organizations, state="open"
    ).order_by("id")
    for each in requests:
        _withdraw(actor, each, paths[each.subscription_id], at)
    return len(requests)


def _withdraw(actor: Actor, order_request: OrderRequest, path: str, at: datetime) -> dict[str, Any]:
    order_request.state, order_request.decided_by, order_request.decided_at = (
        "withdrawn",
        actor.label,
        at,
    )
    order_request.save(update_fields=["state", "decided_by", "decided_at"])
    return emit_request_event(actor, order_request, path, "withdrawn")
