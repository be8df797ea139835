"""The group's inventory: its numbers and their holders."""

from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import UUID

import orjson
from django.http import HttpResponse
from django.http.response import HttpResponseBase

from fusion.access.actor import Actor
from fusion.access.permissions import MANAGE_RANGES, READ_RANGES
from fusion.kernel.clock import read_instant
from fusion.kernel.sheets.send import paged_table
from fusion.numbers.queries import Wanted, free_counts, list_numbers
from fusion.numbers.resolve import home_country
from fusion.portal.downloads import download
from fusion.portal.number_fields import DigitFilter, digit_filter
from fusion.portal.page import ROWS, page
from fusion.portal.query_params import query_params
from fusion.portal.responses import show
from fusion.portal.session_actor import PageRequest
from fusion.portal.skus import number_skus
from fusion.tenancy.search import subscription_names

KINDS = 12
"""Most number types whose free numbers are counted above the list."""

STATUSES = ("free", "reserved", "assigned", "quarantined", "ported_out")

FILTERS = ("sku", "status", "starts", "ends")

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


def _wanted(actor: Actor, params: Mapping[str, str]) -> tuple[Wanted, DigitFilter]:
    """The filters of the list, and those of digits with their error."""
    digits = digit_filter(params, lambda: home_country(actor))
    wanted = Wanted(
        sku=params["sku"] if params["sku"] in number_skus(actor) else None,
        status=params["status"] if params["status"] in STATUSES else None,
        starts_with=digits.starts,
        ends_with=digits.ends,
    )
    return wanted, digits


@page(READ_RANGES)
def inventory(request: PageRequest) -> HttpResponse:
    """`GET /inventory`: numbers of all statuses."""
    actor = request.actor
    params = query_params(request, *FILTERS)
    skus = number_skus(actor)
    wanted, digits = _wanted(actor, params)
    found = orjson.loads(list_numbers(actor, wanted, limit=ROWS, cursor=request.GET.get("cursor")))
    counted = free_counts(actor, limit=KINDS, cursor=request.GET.get("kinds"))
    context = {
        "rows": _named(found["items"]),
        "next": found["next"],
        "skus": skus,
        "free": counted["items"],
        "more_kinds": counted["next"],
        "statuses": STATUSES,
        "params": params,
        "wrong_digits": digits.error,
        "filtered": any(params.values()),
        "may_add": MANAGE_RANGES.allows(actor),
    }
    return show(request, "portal/inventory/numbers.html", context, parts=("list", "more"))


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
    wanted, _digits = _wanted(request.actor, query_params(request, *FILTERS))

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
