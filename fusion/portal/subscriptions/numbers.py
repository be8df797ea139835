"""The numbers of a subscription: the list, and a single number."""

from collections.abc import Collection
from functools import partial
from typing import Any

import orjson
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _

from fusion.access.permissions import READ_PROVISIONING, RESTOCK
from fusion.kernel.clock import read_instant
from fusion.kernel.errors import not_found
from fusion.kernel.sheets.send import paged_table
from fusion.numbers.porting import PORT, REQUEST_PORTS
from fusion.numbers.queries import Wanted, list_numbers, read_number
from fusion.numbers.resolve import home_country
from fusion.portal.downloads import download
from fusion.portal.forms import Confirmation
from fusion.portal.list_filters import ListFilters
from fusion.portal.page import ROWS, page
from fusion.portal.responses import show
from fusion.portal.session_actor import PageRequest
from fusion.portal.skus import number_skus, sku_names
from fusion.portal.subscriptions.frame import frame
from fusion.portal.subscriptions.holders import with_holders
from fusion.tenancy.models import Subscription
from fusion.tenancy.queries import find_subscription
from fusion.trunks.models import Trunk

COLUMNS = ("e164", "sku", "country", "number_type", "status", "origin", "until", "linked_to")
STATUSES = ("assigned", "reserved", "quarantined")
FILTERS = {
    "starts": _("Starts with"),
    "ends": _("Ends with"),
    "sku": _("Number type"),
    "status": _("Status"),
}
UNLINKED = "unlinked"
"""The status filter for assigned numbers that are not linked."""


@page(READ_PROVISIONING, subscription_id=find_subscription)
def numbers(request: PageRequest, subscription: Subscription) -> HttpResponse:
    """`GET /subscriptions/<id>/numbers`."""
    filters = ListFilters(request, FILTERS)
    skus = number_skus(request.actor)
    pages = partial(list_numbers, request.actor, _wanted(request, subscription, filters, skus))
    cursor = request.GET.get("cursor")
    found = filters.page(lambda: orjson.loads(pages(limit=ROWS, cursor=cursor)))
    context = {
        **frame(request, subscription, "numbers"),
        "rows": [
            {**each, "until": read_instant(each["until"]) if each["until"] else None}
            for each in with_holders(subscription, found["items"])
        ],
        "next": found["next"],
        "skus": skus,
        **filters.context,
        "has_trunks": Trunk.objects.visible_to(request.actor)
        .filter(subscription_id=subscription.id)
        .exists(),
    }
    return show(
        request,
        "portal/subscriptions/numbers.html",
        context,
        parts=("list", "more"),
        status=filters.status,
    )


@page(READ_PROVISIONING, subscription_id=find_subscription)
def number(request: PageRequest, subscription: Subscription, e164: str) -> HttpResponse:
    """`GET /subscriptions/<id>/numbers/<number>`."""
    found = orjson.loads(read_number(request.actor, e164))
    if found["subscription_id"] != str(subscription.id):
        raise not_found("number")
    [shown] = with_holders(subscription, [found])
    pending = found["port_request_id"] is not None
    leaves = found["status"] in ("assigned", "quarantined") and not pending
    context = {
        **frame(request, subscription, "numbers"),
        "number": shown,
        "until": read_instant(shown["until"]) if shown["until"] else None,
        "names": sku_names(request.actor),
        "confirmation": Confirmation(),
        "may_release": not shown["holder"]
        and (found["status"] == "assigned" or (found["status"] == "reserved" and not pending)),
        "may_port": PORT.allows(request.actor) and leaves and found["status"] == "assigned",
        "may_request_port": REQUEST_PORTS.allows(request.actor) and leaves,
        "may_restock": RESTOCK.allows(request.actor)
        and (found["status"], found["origin"], pending) == ("quarantined", "inventory", False),
    }
    return show(request, "portal/subscriptions/number.html", context)


def _wanted(
    request: PageRequest, subscription: Subscription, filters: ListFilters, skus: Collection[str]
) -> Wanted:
    starts, ends = filters.digits(lambda: home_country(request.actor, subscription.id))
    status = filters.choice("status", (*STATUSES, UNLINKED))
    return Wanted(
        subscription_id=subscription.id,
        sku=filters.choice("sku", skus),
        status=None if status == UNLINKED else status,
        starts_with=starts,
        ends_with=ends,
        linked=False if status == UNLINKED else None,
    )


@page(READ_PROVISIONING, subscription_id=find_subscription)
def export(request: PageRequest, subscription: Subscription, format: str) -> HttpResponseBase:
    """`GET /subscriptions/<id>/numbers.csv` and `.xlsx`: all that match the list's filters."""
    filters = ListFilters(request, FILTERS)
    wanted = _wanted(request, subscription, filters, number_skus(request.actor))
    if filters.wrong:
        return filters.refusal()

    def named(items: list[Any]) -> list[dict[str, Any]]:
        rows = with_holders(subscription, items)
        return [{**row, "linked_to": row["holder"] and row["holder"]["name"]} for row in rows]

    pages = partial(list_numbers, request.actor, wanted)
    return download(paged_table("numbers", COLUMNS, pages, named), format)
