"""The ledger of a subscription: each entry with its order or its holder."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.urls import NoReverseMatch, reverse

from fusion.access.permissions import READ_BALANCES
from fusion.kernel.clock import read_instant
from fusion.kernel.ids import parse_id
from fusion.kernel.sheets.send import paged_table
from fusion.ledger.files import balances_table
from fusion.ledger.queries import balances_now, entries
from fusion.numbers.rules import E164
from fusion.portal.actor_names import display_names
from fusion.portal.date_filters import DateRange, date_range, wrong_dates
from fusion.portal.downloads import download
from fusion.portal.page import ROWS, page
from fusion.portal.query_params import query_params
from fusion.portal.responses import show
from fusion.portal.session_actor import PageRequest
from fusion.portal.skus import sku_names
from fusion.portal.subscriptions.frame import frame
from fusion.portal.usage import usage_of
from fusion.tenancy.models import Subscription
from fusion.tenancy.queries import find_subscription
from fusion.users.queries import user_names

KINDS = ("grant", "revoke", "consume", "release")
FILTERS = ("sku", "kind", "from", "to")
COLUMNS = (
    "at",
    "sku",
    "kind",
    "quantity",
    "granted_after",
    "used_after",
    "order_number",
    "held_by",
    "by",
)


@page(READ_BALANCES, subscription_id=find_subscription)
def ledger(request: PageRequest, subscription: Subscription) -> HttpResponse:
    """`GET /subscriptions/<id>/ledger`."""
    params = query_params(request, *FILTERS)
    names = sku_names(request.actor)
    sku = params["sku"] if params["sku"] in names else None
    days = date_range(params)
    pages = _pages(request, subscription, params, days)
    found = pages(limit=ROWS, cursor=request.GET.get("cursor"))
    balances = balances_now(request.actor, subscription.id)
    context = {
        **frame(request, subscription, "ledger"),
        "rows": _explained(request, subscription, found["items"]),
        "next": found["next"],
        "names": names,
        "balances": balances,
        "balance": _chosen(balances, sku),
        "params": params,
        "wrong": days.error,
        "filtered": any(params.values()),
    }
    return show(
        request,
        "portal/subscriptions/ledger.html",
        context,
        parts=("list", "more"),
        status=days.status,
    )


def _chosen(balances: Sequence[dict[str, Any]], sku: str | None) -> dict[str, Any] | None:
    """The chosen balance, with its usage."""
    for balance in balances:
        if balance["sku"] == sku:
            return {**balance, "use": usage_of(balance["used"], balance["granted"])}
    return None


def _explained(
    request: PageRequest, subscription: Subscription, rows: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Entries for the template: when, by whom, and the order or holder with its URL."""
    people = display_names(request.actor, [row["actor"] for row in rows])
    users = user_names(
        subscription.id,
        [row["holder"]["id"] for row in rows if _is_user(row["holder"])],
    )
    return [
        {
            **row,
            "at": read_instant(row["at"]),
            "by": people[row["actor"]],
            "order_href": _order_href(row["order_id"]),
            "holder": _holder(subscription, row["holder"], users),
        }
        for row in rows
    ]


def _is_user(holder: Mapping[str, str] | None) -> bool:
    return holder is not None and holder["type"] == "user" and bool(parse_id(holder["id"]))


def _order_href(order_id: Any) -> str:
    try:
        return reverse("orders-detail", args=[order_id]) if order_id else ""
    except NoReverseMatch:
        return ""


def _holder(
    subscription: Subscription, holder: Mapping[str, str] | None, users: Mapping[str, str]
) -> dict[str, str] | None:
    """The object that consumed or released the unit; without a URL if it no longer exists."""
    if holder is None:
        return None
    id = holder["id"]
    if id in users:
        href = reverse("subscriptions-user", args=[subscription.id, id])
        return {"type": "user", "name": users[id], "href": href}
    if holder["type"] == "number" and E164.fullmatch(id):
        href = reverse("subscriptions-number", args=[subscription.id, id])
        return {"type": "number", "name": id, "href": href}
    return {"type": holder["type"], "name": "", "href": ""}


def _pages(
    request: PageRequest, subscription: Subscription, params: Mapping[str, str], days: DateRange
) -> partial[dict[str, Any]]:
    return partial(
        entries,
        subscription.id,
        sku=params["sku"] if params["sku"] in sku_names(request.actor) else None,
        kind=params["kind"] if params["kind"] in KINDS else None,
        since=days.since,
        until=days.until,
    )


@page(READ_BALANCES, subscription_id=find_subscription)
def export(request: PageRequest, subscription: Subscription, format: str) -> HttpResponseBase:
    """`GET /subscriptions/<id>/ledger.csv` and `.xlsx`: all that match the list's filters."""
    params = query_params(request, *FILTERS)
    days = date_range(params)
    if days.error:
        return wrong_dates(days)

    def named(items: list[Any]) -> list[dict[str, Any]]:
        rows = _explained(request, subscription, items)
        return [{**row, "held_by": row["holder"] and row["holder"]["name"]} for row in rows]

    pages = _pages(request, subscription, params, days)
    return download(paged_table("ledger", COLUMNS, pages, named), format)


@page(READ_BALANCES, subscription_id=find_subscription)
def balances(request: PageRequest, subscription: Subscription, format: str) -> HttpResponseBase:
    """`GET /subscriptions/<id>/balances.csv` and `.xlsx`: the present balances."""
    return download(balances_table(balances_now(request.actor, subscription.id)), format)
