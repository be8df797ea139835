"""Routes of balances, entries and totals."""

from functools import partial
from uuid import UUID

import orjson
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja import Query, Router

from fusion.access.http_auth import RequirePermission, actor_of, read_of
from fusion.access.permissions import READ_BALANCES
from fusion.access.shown_actors import pages_with_shown_actors
from fusion.kernel.clock import instant, now
from fusion.kernel.errors import InvalidFields, not_found
from fusion.kernel.http import json_response
from fusion.kernel.openapi import also_files
from fusion.kernel.schemas import READ_PROBLEMS, Page
from fusion.kernel.sheets.send import require_whole, send_list, send_table
from fusion.kernel.stream import Format, wanted_format
from fusion.ledger.files import (
    ENTRY_COLUMNS,
    balances_table,
    subscription_totals_table,
    totals_table,
    with_holder_cells,
)
from fusion.ledger.queries import BALANCES, balances_at, entries, totals, totals_by_subscription
from fusion.ledger.schemas import At, Balances, EntryDocument, EntryFilter, LicenseFilter, Licenses
from fusion.tenancy.queries import find_organization, find_subscription

router = Router(tags=["ledger"])


@router.get(
    "/subscriptions/{uuid:subscription_id}/balances",
    auth=RequirePermission(
        READ_BALANCES, hot=True, reads=BALANCES, subscription_id=find_subscription
    ),
    response={200: Balances, **READ_PROBLEMS},
    openapi_extra=also_files(),
)
def read_balances(
    request: HttpRequest, subscription_id: UUID, params: Query[At]
) -> HttpResponseBase:
    """Read the granted, used and available quantities, now or at a past instant."""
    if params.at is None:
        response = _balances_now(request)
    else:
        actor = actor_of(request)
        response = json_response(balances_at(actor, subscription_id=subscription_id, at=params.at))
    return _as_requested(request, response, params.format)


def _as_requested(
    request: HttpRequest, response: HttpResponse, format: Format | None
) -> HttpResponseBase:
    format = wanted_format(request, format)
    if format == "json":
        return response
    return send_table(balances_table(orjson.loads(response.content)["items"]), format)


def _balances_now(request: HttpRequest) -> HttpResponse:
    text = read_of(request)
    if text is None:
        raise not_found("subscription")
    return json_response(text)


@router.get(
    "/subscriptions/{uuid:subscription_id}/entries",
    auth=RequirePermission(READ_BALANCES, subscription_id=find_subscription),
    response={200: Page[EntryDocument], **READ_PROBLEMS},
    openapi_extra=also_files(),
)
def read_entries(
    request: HttpRequest, subscription_id: UUID, params: Query[EntryFilter]
) -> HttpResponseBase:
    """List the ledger entries of a subscription, newest first."""
    pages = pages_with_shown_actors(
        actor_of(request), partial(entries, subscription_id, **params.filters())
    )
    return send_list(request, params, "ledger", ENTRY_COLUMNS, pages, named=with_holder_cells)


@router.get(
    "/licenses",
    auth=RequirePermission(READ_BALANCES, organization_id=find_organization),
    response={200: Licenses, **READ_PROBLEMS},
    openapi_extra=also_files(),
)
def read_licenses(request: HttpRequest, params: Query[LicenseFilter]) -> HttpResponseBase:
    """Totals of a subtree per SKU or, with `by=subscription`, per subscription and SKU."""
    actor = actor_of(request)
    organization = find_organization(actor, params.organization_id or actor.organization_id)
    format = wanted_format(request, params.format)
    if format != "json":
        require_whole(params)
        table = (
            subscription_totals_table(organization.path)
            if params.by
            else totals_table(totals(actor.group_id, organization.path))
        )
        return send_table(table, format)
    if params.cursor and not params.by:
        raise InvalidFields(
            cursor="is allowed only with by=subscription, because the totals fit one page"
        )
    if params.by:
        body = totals_by_subscription(organization.path, limit=params.limit, cursor=params.cursor)
    else:
        body = {"items": totals(actor.group_id, organization.path), "next": None}
    return json_response({"organization_id": organization.id, "as_of": instant(now()), **body})
