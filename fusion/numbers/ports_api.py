"""Routes of port requests."""

from functools import partial
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja import Body as NinjaBody
from ninja import Query, Router

from fusion.access.http_auth import RequirePermission, actor_of, respond, retrying_actor
from fusion.access.permissions import READ_PROVISIONING
from fusion.access.shown_actors import pages_with_shown_actors
from fusion.kernel.http import json_response
from fusion.kernel.openapi import also_files
from fusion.kernel.schemas import PROBLEMS, READ_PROBLEMS, Page
from fusion.kernel.sheets.send import send_list
from fusion.numbers.api import PORTS
from fusion.numbers.approve_port import approve_port
from fusion.numbers.end_port import reject_port, withdraw_port
from fusion.numbers.port_requests import find_port_request, list_port_requests, port_documents
from fusion.numbers.port_schemas import (
    OwnPortFilter,
    PortApprovalBody,
    PortDocument,
    PortFilter,
    PortRejectionBody,
    PortRequestBody,
    WrittenPort,
)
from fusion.numbers.porting import DECIDE_PORTS, REQUEST_PORTS, WITHDRAW_PORTS
from fusion.numbers.request_port import request_port
from fusion.tenancy.queries import find_organization, find_subscription

router = Router(tags=["port requests"])

OF_SUBSCRIPTION = "/subscriptions/{uuid:subscription_id}/port-requests"
REQUEST = "/port-requests/{uuid:request_id}"

PORT_COLUMNS = tuple(PortDocument.model_fields)

AS_REQUESTED: PortApprovalBody = NinjaBody(default=PortApprovalBody())  # type: ignore[type-arg]
"""A body that may be omitted."""


@router.post(
    OF_SUBSCRIPTION,
    auth=RequirePermission(REQUEST_PORTS, subscription_id=find_subscription),
    response={201: WrittenPort, **PROBLEMS},
)
def add_port_request(
    request: HttpRequest, subscription_id: UUID, body: PortRequestBody
) -> HttpResponse:
    """Request to port numbers in or out; the group decides."""
    answer = request_port(
        retrying_actor(request), subscription_id=subscription_id, **body.model_dump()
    )
    return respond(answer, location=PORTS)


@router.get(
    OF_SUBSCRIPTION,
    auth=RequirePermission(READ_PROVISIONING, subscription_id=find_subscription),
    response={200: Page[PortDocument], **READ_PROBLEMS},
    openapi_extra=also_files(),
)
def port_requests_of_subscription(
    request: HttpRequest, subscription_id: UUID, params: Query[OwnPortFilter]
) -> HttpResponseBase:
    """List the port requests of a subscription, newest first."""
    filters = {"subscription_id": subscription_id, **params.filters()}
    actor = actor_of(request)
    pages = pages_with_shown_actors(actor, partial(list_port_requests, actor, **filters))
    return send_list(request, params, "port-requests", PORT_COLUMNS, pages)


@router.get(
    "/port-requests",
    auth=RequirePermission(
        READ_PROVISIONING, subscription_id=find_subscription, organization_id=find_organization
    ),
    response={200: Page[PortDocument], **READ_PROBLEMS},
    openapi_extra=also_files(),
)
def port_requests(request: HttpRequest, params: Query[PortFilter]) -> HttpResponseBase:
    """List the port requests that you can see, newest first."""
    actor = actor_of(request)
    pages = pages_with_shown_actors(actor, partial(list_port_requests, actor, **params.filters()))
    return send_list(request, params, "port-requests", PORT_COLUMNS, pages)


@router.get(
    REQUEST,
    auth=RequirePermission(READ_PROVISIONING, request_id=find_port_request),
    response={200: PortDocument, **READ_PROBLEMS},
)
def one_port_request(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """Read a port request and its history."""
    actor = actor_of(request)
    (document,) = port_documents(actor, [find_port_request(actor, request_id)])
    return json_response(document)


@router.post(
    REQUEST + "/approve",
    auth=RequirePermission(DECIDE_PORTS, request_id=find_port_request),
    response={200: WrittenPort, **PROBLEMS},
)
def approve(
    request: HttpRequest, request_id: UUID, body: PortApprovalBody = AS_REQUESTED
) -> HttpResponse:
    """Port the numbers on a date, or immediately without one; give an approved port a new date.

    To port in consumes the entitlements now. If the port is refused, the request stays open.
    """
    actor = retrying_actor(request)
    return respond(approve_port(actor, request_id=request_id, **body.model_dump()))


@router.post(
    REQUEST + "/reject",
    auth=RequirePermission(DECIDE_PORTS, request_id=find_port_request),
    response={200: PortDocument, **PROBLEMS},
)
def reject(request: HttpRequest, request_id: UUID, body: PortRejectionBody) -> HttpResponse:
    """Reject an open or approved port request with a reason."""
    answer = reject_port(retrying_actor(request), request_id=request_id, reason=body.reason)
    return respond(answer)


@router.post(
    REQUEST + "/withdraw",
    auth=RequirePermission(WITHDRAW_PORTS, request_id=find_port_request),
    response={200: PortDocument, **PROBLEMS},
)
def withdraw(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """Withdraw an open or approved port request of your organization or one below it."""
    return respond(withdraw_port(retrying_actor(request), request_id=request_id))
