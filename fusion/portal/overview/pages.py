"""The overview: what an organization has ordered and uses, and which balances run out."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _

from fusion.access.actor import TENANT
from fusion.access.permissions import PLACE_ORDERS, READ_BALANCES, REQUEST_ORDERS
from fusion.catalogue.metrics import METRICS
from fusion.portal.list_filters import ListFilters
from fusion.portal.overview.waiting import waiting
from fusion.portal.page import page
from fusion.portal.responses import show
from fusion.portal.session_actor import PageRequest
from fusion.portal.skus import sku_names
from fusion.portal.stock import with_stock
from fusion.portal.usage import usage_of
from fusion.reporting.history import past
from fusion.reporting.overview import (
    Moment,
    moment_of,
    nearly_full,
    totals,
    use_below,
    use_of_subscriptions,
)
from fusion.tenancy.models import Organization
from fusion.tenancy.queries import find_organization, list_subscriptions
from fusion.tenancy.tree import list_above, list_children

ROWS = 25
FULLEST = 8
"""Balances shown at first in the list of those that run out."""


@page(READ_BALANCES)
def overview(request: PageRequest) -> HttpResponse:
    """`GET /`: the organization that one acts for."""
    return _overview(request, find_organization(request.actor, request.actor.organization_id))


@page(READ_BALANCES, organization_id=find_organization)
def below(request: PageRequest, organization: Organization) -> HttpResponse:
    """`GET /overview/<id>`: an organization below it."""
    return _overview(request, organization)


def _overview(request: PageRequest, organization: Organization) -> HttpResponse:
    actor = request.actor
    moment = moment_of(organization)
    names = sku_names(actor)
    current = totals(organization, moment)
    lines = past(organization, moment, current)
    full = nearly_full(organization, moment, limit=FULLEST, cursor=request.GET.get("full"))
    cards = [
        {
            **total,
            "name": names.get(total["sku"], total["sku"]),
            "use": usage_of(total["used"], total["granted"]),
            "spark": [point["used"] for point in lines[total["sku"]]],
        }
        for total in with_stock(actor, current)
    ]
    filters = ListFilters(request, {"sku": _("Licence or number type")})
    sku = filters.choice("sku", {card["sku"] for card in cards})
    context = {
        **filters.context,
        "organization": organization,
        "above": list_above(actor, organization.path),
        "moment": moment,
        "cards": cards,
        "chosen": None if filters.wrong else _chosen(sku, cards, lines),
        "full": [
            {**each, "sku_name": names.get(each["sku"], each["sku"])} for each in full["items"]
        ],
        "more_full": full["next"],
        "waiting": waiting(actor) if organization.id == actor.organization_id else [],
        "may_order": PLACE_ORDERS.allows(actor),
        "may_request": REQUEST_ORDERS.allows(actor) and not PLACE_ORDERS.allows(actor),
        **_below(request, organization, moment),
    }
    parts = ("more", "full", "line")
    template = "portal/overview/overview.html"
    return show(request, template, context, parts=parts, status=filters.status)


def _chosen(
    sku: str | None, cards: list[dict[str, Any]], lines: Mapping[str, Any]
) -> dict[str, Any] | None:
    """The SKU of the chart: `sku`, else the one with the largest order."""
    if not cards:
        return None
    first = max(cards, key=lambda card: card["granted"])
    card = next((card for card in cards if card["sku"] == sku), first)
    return {**card, "points": lines[card["sku"]]}


def _below(request: PageRequest, organization: Organization, moment: Moment) -> dict[str, Any]:
    """One page of the rows below: organizations, or the subscriptions of a customer."""
    cursor = request.GET.get("cursor")
    if organization.kind == TENANT:
        listed = list_subscriptions(
            request.actor, organization_id=organization.id, limit=ROWS, cursor=cursor
        )
        rows = [{**each, "id": UUID(each["id"])} for each in listed["items"]]
        use = use_of_subscriptions([each["id"] for each in rows])
    else:
        listed = list_children(organization.id, limit=ROWS, cursor=cursor)
        rows = listed["items"]
        use = use_below(rows, moment)
    columns = METRICS.values()
    return {
        "columns": columns,
        "width": 1 + len(columns),
        "is_tenant": organization.kind == TENANT,
        "rows": [
            {
                **each,
                "uses": [
                    (m.heading or m.name, use.get(each["id"], {}).get(m.code)) for m in columns
                ],
            }
            for each in rows
        ],
        "next": listed["next"],
    }
