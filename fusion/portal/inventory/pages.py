"""The group's inventory: its numbers and their holders."""

from collections.abc import Collection
from functools import partial
from typing import Any
from uuid import UUID

import orjson
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _

from fusion.access.actor import Actor
from fusion.access.permissions import MANAGE_RANGES, READ_RANGES
from fusion.kernel.clock import read_instant
from fusion.kernel.sheets.send import paged_table
from fusion.numbers.queries import Wanted, free_counts, list_numbers
from fusion.numbers.resolve import home_country
from fusion.portal.downloads import download
from fusion.portal.list_filters import ListFilters
from fusion.portal.page import ROWS, page
from fusion.portal.responses import show
from fusion.portal.session_actor import PageRequest
from fusion.portal.skus import number_skus
from fusion.tenancy.search import subscription_names

KINDS = 12
"""Most number types whose free numbers are counted above the list."""

STATUSES = ("free", "reserved", "assigned", "quarantined", "ported_out")

FILTERS = {
    "starts": _("Starts with"),
    "ends": _("Ends with"),
    "sku": _("Number type"),
    "status": _("Status"),
}

COLUMNS = (
    "e164",
    "sku",
    "country",
    "number_type",
    "status",
    "origin",
    "until",
    "customer",
    "subscription",
)


def _wanted(actor: Actor, filters: ListFilters, skus: Collection[str]) -> Wanted:
    starts, ends = filters.digits(lambda: home_country(actor))
    return Wanted(
        sku=filters.choice("sku", skus),
        status=filters.choice("status", STATUSES),
        starts_with=starts,
        ends_with=ends,
    )


@page(READ_RANGES)
def inventory(request: PageRequest) -> HttpResponse:
    """`GET /inventory`: numbers of all statuses."""
    actor = request.actor
    filters = ListFilters(request, FILTERS)
    skus = number_skus(actor)
    pages = partial(list_numbers, actor, _wanted(actor, filters, skus))
    cursor = request.GET.get("cursor")
    found = filters.page(lambda: orjson.loads(pages(limit=ROWS, cursor=cursor)))
    counted = free_counts(actor, limit=KINDS, cursor=request.GET.get("kinds"))
    context = {
        "rows": _named(found["items"]),
        "next": found["next"],
        "skus": skus,
        "free": counted["items"],
        "more_kinds": counted["next"],
        "statuses": STATUSES,
        **filters.context,
        "may_add": MANAGE_RANGES.allows(actor),
    }
    return show(
        request,
        "portal/inventory/numbers.html",
        context,
        parts=("list", "more"),
        status=filters.status,
    )


def _named(numbers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each number with the names of its subscription and customer, if any."""
    ids = {UUID(each["subscription_id"]) for each in numbers if each["subscription_id"]}
    names = subscription_names(ids)
    return [
        {
            **each,
            "names": names.get(UUID(each["subscription_id"])) if each["subscription_id"] else None,
            "until": read_instant(each["until"]) if each["until"] else None,
        }
        for each in numbers
    ]


@page(READ_RANGES)
def export(request: PageRequest, format: str) -> HttpResponseBase:
    """`GET /inventory.csv` and `.xlsx`: all numbers that match the list's filters."""
    filters = ListFilters(request, FILTERS)
    wanted = _wanted(request.actor, filters, number_skus(request.actor))
    if filters.wrong:
        return filters.refusal()

    def named(items: list[Any]) -> list[dict[str, Any]]:
        return [
            {
                **row,
                "subscription": row["names"] and row["names"][0],
                "customer": row["names"] and row["names"][1],
            }
            for row in _named(items)
        ]

    pages = partial(list_numbers, request.actor, wanted)
    return download(paged_table("inventory", COLUMNS, pages, named), format)
