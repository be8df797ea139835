"""Order requests: read models, the lock for deciding one, and the event of the decision."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson

from fusion.access.actor import GROUP, Actor
from fusion.access.shown_actors import show_actors
from fusion.events.emit import emit
from fusion.kernel.clock import instant
from fusion.kernel.database import fetch_rows
from fusion.kernel.errors import Problem, or_not_found
from fusion.kernel.pagination import newest
from fusion.ordering.models import Order, OrderRequest
from fusion.ordering.place import Line
from fusion.tenancy.models import Subscription
from fusion.tenancy.queries import find_organization, lock_subscription

CODES = "SELECT id, code FROM catalogue_product WHERE id = ANY (%s::uuid[])"


def lines_as_json(lines: Sequence[Line]) -> str:
    """The lines as stored."""
    return orjson.dumps(
        [
            {"product_id": line.product_id, "action": line.action, "quantity": line.quantity}
            for line in lines
        ]
    ).decode()


def lines_of(order_request: OrderRequest) -> tuple[Line, ...]:
    """The requested lines."""
    return tuple(
        Line(UUID(line["product_id"]), line["quantity"], line["action"])
        for line in order_request.lines
    )


def find_request(actor: Actor, id: UUID) -> OrderRequest:
    """The request; Problem `not-found` unless `actor` sees its subscription."""
    rows = OrderRequest.objects.visible_to(actor).filter(id=id)
    return or_not_found(rows.first(), "order request")


def lock_open_request(actor: Actor, id: UUID) -> tuple[OrderRequest, Subscription]:
    """The request and its subscription, both locked; Problem `conflict` if it is already decided.

    The subscription is locked first, as everywhere: this waits for a termination in progress, which
    closes the request.
    """
    subscription = lock_subscription(actor, find_request(actor, id).subscription_id)
    order_request = OrderRequest.objects.visible_to(actor).select_for_update(no_key=True).get(id=id)
    if order_request.state != "open":
        decider = order_request.decided_by
        by = show_actors(actor, f" by {decider}") if decider else ""
        at = instant(order_request.decided_at)
        raise Problem(
            "conflict",
            f"This request was already {order_request.state}{by} at {at}. "
            "Only an open request can be decided. Create a new request.",
        )
    return order_request, subscription


def list_requests(
    actor: Actor,
    *,
    limit: int,
    cursor: str | None = None,
    subscription_id: UUID | None = None,
    organization_id: UUID | None = None,
    state: str | None = None,
) -> dict[str, Any]:
    """One page of the requests that `actor` sees, newest first. The filters' ids are visible."""
    rows = OrderRequest.objects.visible_to(actor)
    if subscription_id is not None:
        rows = rows.filter(subscription_id=subscription_id)
    if organization_id is not None:
        organization = find_organization(actor, organization_id)
        rows = rows.filter(**{f"{organization.kind}_id": organization.id})
    if state is not None:
        rows = rows.filter(state=state)
    shown, following = newest(rows, limit=limit, cursor=cursor)
    return {"items": documents_for(actor, shown), "next": following}


def documents_for(actor: Actor, requests: Sequence[OrderRequest]) -> list[dict[str, Any]]:
    """Requests as the API shows them to the actor.

    Below the group without the words of an organization that a move has taken the sight of them
    from, and without the reason that it was given.
    """
    documents = request_documents(requests)
    for each, document in zip(requests, documents, strict=True):
        owners = (each.distributor_id, each.reseller_id, each.tenant_id, each.group_id)
        if actor.kind != GROUP and each.organization_id not in owners:
            document |= {"note": None, "reason": None}
    return documents


def request_documents(requests: Sequence[OrderRequest]) -> list[dict[str, Any]]:
    """Requests as the API shows them, in at most three statements for any number of them."""
    products = [line["product_id"] for each in requests for line in each.lines]
    codes = {str(id): code for id, code in fetch_rows(CODES, [products])}
    orders = Order.objects.unscoped("orders of requests that are shown")
    ids = [each.order_id for each in requests if each.order_id]
    numbers = dict(orders.filter(id__in=ids).values_list("id", "number"))
    return [
        {
            "id": str(each.id),
            "state": each.state,
            "subscription_id": str(each.subscription_id),
            "organization_id": str(each.organization_id),
            "lines": [{**line, "product_code": codes[line["product_id"]]} for line in each.lines],
            "note": each.note,
            "requested_by": each.requested_by,
            "requested_at": instant(each.requested_at),
            "decided_by": each.decided_by,
            "decided_at": instant(each.decided_at),
            "reason": each.reason,
            "order_id": str(each.order_id) if each.order_id else None,
            "order_number": numbers[each.order_id] if each.order_id else None,
        }
        for each in requests
    ]


def emit_request_event(
    actor: Actor, order_request: OrderRequest, path: str, action: str
) -> dict[str, Any]:
    """Write the event `order-request.<action>`; returns the request's document.

    `path` is the path of the subscription: every organization above it, including the requester,
    may read the event.
    """
    order_request.refresh_from_db(from_queryset=OrderRequest.objects.visible_to(actor))
    (document,) = request_documents([order_request])
    emit(
        type=f"order-request.{action}",
        group_id=order_request.group_id,
        path=path,
        subject=order_request.id,
        actor=actor.label,
        data=document,
        subscription_id=order_request.subscription_id,
    )
    return document
