"""Routes of orders and holdings."""

from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja import Query, Router
from pydantic import ValidationError

from fusion.access.actor import Actor
from fusion.access.http_auth import (
    NameFinder,
    RequirePermission,
    actor_of,
    read_of,
    respond,
    retrying_actor,
)
from fusion.access.idempotency import check_key, fingerprint
from fusion.access.permissions import (
    CANCEL_ORDERS,
    PLACE_ORDERS,
    PREVIEW_ORDERS,
    READ_BALANCES,
    READ_ORDERS,
    SEE_FAILURES,
)
from fusion.catalogue.queries import (
    find_product,
    find_product_by_code,
    find_product_by_reference,
)
from fusion.kernel.errors import Problem, fields_problem, or_not_found
from fusion.kernel.http import json_response
from fusion.kernel.openapi import also_files
from fusion.kernel.schemas import PROBLEMS, READ_PROBLEMS, Listing, Page
from fusion.kernel.sheets.send import require_whole, send_list, send_table
from fusion.kernel.stream import wanted_format
from fusion.ordering.cancel import cancel_order
from fusion.ordering.order_search import OrderSearch, list_orders, orders_table
from fusion.ordering.permissions import find_order_to_cancel
from fusion.ordering.place import place_order
from fusion.ordering.place_batch import Item, place_orders
from fusion.ordering.preview import preview_order, preview_orders
from fusion.ordering.preview_schemas import Preview, PreviewsDocument
from fusion.ordering.queries import ORDER, find_order, list_holdings
from fusion.ordering.reversal_schemas import PreviewBody, ReversalBody
from fusion.ordering.reverse import reversal_of
from fusion.ordering.schemas import (
    BatchBody,
    BatchDocument,
    BatchItemBody,
    HoldingDocument,
    OrderBody,
    OrderDocument,
    OrderFilter,
    Unchanged,
)
from fusion.ordering.see import see_failure
from fusion.tenancy.queries import (
    find_named_subscription,
    find_organization,
    find_subscription,
)

router = Router(tags=["orders"])

ORDERS = "/api/v1/orders"

NAMED: Mapping[str, NameFinder] = {
    "subscription_external_reference": find_named_subscription,
    "lines__product_code": find_product_by_code,
    "lines__product_external_reference": find_product_by_reference,
}
"""What the body of an order can name by another name than its id."""


@router.post(
    "/orders",
    auth=RequirePermission(
        PLACE_ORDERS,
        hot=True,
        named=NAMED,
        subscription_id=find_subscription,
        lines__product_id=find_product,
    ),
    response={200: Unchanged, 201: OrderDocument, **PROBLEMS},
)
def place(request: HttpRequest, body: OrderBody) -> HttpResponse:
    """Place an order. An order is atomic. Its lines are netted and checked once.

    If all lines set the quantity that is already held, and the order has no idempotency key and no
    reference, nothing is stored. The answer is then 200.
    """
    actor = retrying_actor(request)
    return respond(place_order(actor, draft=body.draft(actor)), location=ORDERS)


@router.post(
    "/orders/preview",
    auth=RequirePermission(
        PREVIEW_ORDERS,
        hot=True,
        named=NAMED,
        subscription_id=find_subscription,
        lines__product_id=find_product,
        reverses=find_order,
    ),
    response={200: Preview, **PROBLEMS},
)
def preview(request: HttpRequest, body: PreviewBody) -> HttpResponse:
    """Preview an order or a reversal: the balances before and after, or the refusals.

    With an `effective_at` in the future, `when_due` has the result on that date.
    """
    actor = actor_of(request)
    return respond(preview_order(actor, draft=body.draft(actor)))


@router.post(
    "/orders/batch", auth=RequirePermission(PLACE_ORDERS), response={200: BatchDocument, **PROBLEMS}
)
def place_batch(request: HttpRequest, body: BatchBody) -> HttpResponse:
    """Place up to 1,000 orders in sequence; each is atomic and has its own result."""
    actor = retrying_actor(request)
    items = [_item(actor, order) for order in body.orders]
    return respond(place_orders(actor, items=items))


@router.post(
    "/orders/batch/preview",
    auth=RequirePermission(PREVIEW_ORDERS),
    response={200: PreviewsDocument, **PROBLEMS},
)
def preview_batch(request: HttpRequest, body: BatchBody) -> HttpResponse:
    """Preview up to 1,000 orders in sequence, each as if those before it had been placed.

    The body is that of a batch. Idempotency keys are ignored.
    """
    actor = actor_of(request)
    items = [_item(actor, order) for order in body.orders]
    return respond(preview_orders(actor, items=items))


def _item(actor: Actor, order: Any) -> Item:
    try:
        body = BatchItemBody.model_validate(order)
        draft = body.draft(actor)
        draft.check()
        if body.idempotency_key is not None:
            check_key(body.idempotency_key, "idempotency_key")
    except ValidationError as error:
        return Item(None, fields_problem(list(error.errors(include_url=False)), 0))
    except Problem as problem:
        return Item(None, problem)
    key = body.idempotency_key
    if key is None:
        return Item(draft)
    params = {name: value for name, value in order.items() if name != "idempotency_key"}
    return Item(draft, None, key, fingerprint("POST", ORDERS, params))


@router.get(
    "/orders",
    auth=RequirePermission(
        READ_ORDERS, subscription_id=find_subscription, organization_id=find_organization
    ),
    response={200: Page[OrderDocument], **READ_PROBLEMS},
    openapi_extra=also_files(),
)
def list_(request: HttpRequest, params: Query[OrderFilter]) -> HttpResponseBase:
    """List the orders of your subtree, newest first; a file has a row for each line."""
    actor, search = actor_of(request), OrderSearch(**params.filters())
    format = wanted_format(request, params.format)
    if format != "json":
        require_whole(params)
        return send_table(orders_table(actor, search), format)
    page = list_orders(actor, search, limit=params.limit, cursor=params.cursor)
    return json_response(page)


@router.get(
    "/orders/{uuid:order_id}",
    auth=RequirePermission(READ_ORDERS, hot=True, reads=ORDER, order_id=find_order),
    response={200: OrderDocument, **READ_PROBLEMS},
)
def one(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """One order."""
    return json_response(or_not_found(read_of(request), "order"))


@router.post(
    "/orders/{uuid:order_id}/cancel",
    auth=RequirePermission(CANCEL_ORDERS, order_id=find_order_to_cancel),
    response={200: OrderDocument, **PROBLEMS},
)
def cancel(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Cancel a scheduled order.

    An order that suspends, resumes or terminates requires `tenancy:write`.
    """
    return respond(cancel_order(retrying_actor(request), order_id=order_id))


@router.post(
    "/orders/{uuid:order_id}/seen",
    auth=RequirePermission(SEE_FAILURES, order_id=find_order),
    response={200: OrderDocument, **PROBLEMS},
)
def see(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Mark a failed order as seen. The first mark stays."""
    return respond(see_failure(retrying_actor(request), order_id=order_id))


@router.post(
    "/orders/{uuid:order_id}/reverse",
    auth=RequirePermission(PLACE_ORDERS, order_id=find_order),
    response={201: OrderDocument, **PROBLEMS},
)
def reverse(request: HttpRequest, order_id: UUID, body: ReversalBody | None = None) -> HttpResponse:
    """Reverse a completed order: take back exactly what it did, by revision, once.

    Old revisions and retired products are granted again. A preview shows the effect first.
    """
    actor = retrying_actor(request)
    draft = reversal_of(actor, order_id, **(body or ReversalBody()).model_dump())
    return respond(place_order(actor, draft=draft), location=ORDERS)


@router.get(
    "/subscriptions/{uuid:subscription_id}/holdings",
    auth=RequirePermission(READ_BALANCES, subscription_id=find_subscription),
    response={200: Page[HoldingDocument], **READ_PROBLEMS},
    openapi_extra=also_files(),
)
def holdings(
    request: HttpRequest, subscription_id: UUID, params: Query[Listing]
) -> HttpResponseBase:
    """List the products that a subscription holds, by revision."""
    columns = tuple(HoldingDocument.model_fields)
    pages = partial(list_holdings, subscription_id)
    return send_list(request, params, "holdings", columns, pages)
