"""Routes of order requests."""

from functools import partial
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja import Query, Router

from fusion.access.http_auth import RequirePermission, actor_of, respond, retrying_actor
from fusion.access.permissions import PLACE_ORDERS, READ_ORDERS, REQUEST_ORDERS
from fusion.access.shown_actors import pages_with_shown_actors
from fusion.catalogue.queries import find_product
from fusion.kernel.http import json_response
from fusion.kernel.openapi import also_files
from fusion.kernel.schemas import PROBLEMS, READ_PROBLEMS, Page
from fusion.kernel.sheets.send import send_list
from fusion.ordering.approve_request import approve_request
from fusion.ordering.reject_request import reject_request
from fusion.ordering.request_order import request_order
from fusion.ordering.request_schemas import (
    ApprovalBody,
    RejectionBody,
    RequestBody,
    RequestDocument,
    RequestFilter,
    drafted,
)
from fusion.ordering.requests import documents_for, find_request, list_requests
from fusion.ordering.withdraw_request import withdraw_request
from fusion.tenancy.queries import find_organization, find_subscription

router = Router(tags=["order requests"])

REQUESTS = "/order-requests"
REQUEST = REQUESTS + "/{uuid:request_id}"


@router.post(
    REQUESTS,
    auth=RequirePermission(
        REQUEST_ORDERS, subscription_id=find_subscription, lines__product_id=find_product
    ),
    response={201: RequestDocument, **PROBLEMS},
)
def add_request(request: HttpRequest, body: RequestBody) -> HttpResponse:
    """Request products for a subscription that you can see; the group decides."""
    answer = request_order(
        retrying_actor(request),
        subscription_id=body.subscription_id,
        lines=drafted(body.lines),
        note=body.note,
    )
    return respond(answer, location="/api/v1/order-requests")


@router.get(
    REQUESTS,
    auth=RequirePermission(
        READ_ORDERS, subscription_id=find_subscription, organization_id=find_organization
    ),
    response={200: Page[RequestDocument], **READ_PROBLEMS},
    openapi_extra=also_files(),
)
def requests(request: HttpRequest, params: Query[RequestFilter]) -> HttpResponseBase:
    """List the order requests that you can see, newest first."""
    columns = tuple(RequestDocument.model_fields)
    actor = actor_of(request)
    pages = pages_with_shown_actors(actor, partial(list_requests, actor, **params.filters()))
    return send_list(request, params, "order-requests", columns, pages)


@router.get(
    REQUEST,
    auth=RequirePermission(READ_ORDERS, request_id=find_request),
    response={200: RequestDocument, **READ_PROBLEMS},
)
def one_request(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """Read an order request and its result."""
    actor = actor_of(request)
    (document,) = documents_for(actor, [find_request(actor, request_id)])
    return json_response(document)


@router.post(
    REQUEST + "/approve",
    auth=RequirePermission(PLACE_ORDERS, request_id=find_request, lines__product_id=find_product),
    response={200: RequestDocument, **PROBLEMS},
)
def approve(
    request: HttpRequest, request_id: UUID, body: ApprovalBody | None = None
) -> HttpResponse:
    """Order the requested lines or other lines; if the order is refused, the request stays open."""
    lines = drafted(body.lines) if body is not None and body.lines is not None else None
    return respond(approve_request(retrying_actor(request), request_id=request_id, lines=lines))


@router.post(
    REQUEST + "/reject",
    auth=RequirePermission(PLACE_ORDERS, request_id=find_request),
    response={200: RequestDocument, **PROBLEMS},
)
def reject(request: HttpRequest, request_id: UUID, body: RejectionBody) -> HttpResponse:
    """Reject a request with a reason."""
    answer = reject_request(retrying_actor(request), request_id=request_id, reason=body.reason)
    return respond(answer)


@router.post(
    REQUEST + "/withdraw",
    auth=RequirePermission(REQUEST_ORDERS, request_id=find_request),
    response={200: RequestDocument, **PROBLEMS},
)
def withdraw(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """Withdraw a request of your organization or one below it."""
    return respond(withdraw_request(retrying_actor(request), request_id=request_id))
