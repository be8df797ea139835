"""The ledger of a subscription: each entry with its order or its holder."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from fusion.access.permissions import READ_BALANCES
from fusion.kernel.clock import read_instant
from fusion.kernel.ids import parse_id
from fusion.kernel.sheets.send import paged_table
from fusion.ledger.files import balances_table
from fusion.ledger.queries import balances_now, entries
from fusion.numbers.rules import E164
from fusion.portal.actor_names import display_names
from fusion.portal.downloads import download
from fusion.portal.list_filters import ListFilters
from fusion.portal.page import ROWS, page
from fusion.portal.responses import show
from fusion.portal.session_actor import PageRequest
from fusion.portal.skus import sku_names
from fusion.portal.subscriptions.frame import frame
from fusion.portal.usage import usage_of
from fusion.tenancy.models import Subscription
from fusion.tenancy.queries import find_subscription
from fusion.users.queries import user_names

KINDS = ("grant", "revoke", "consume", "release")
FILTERS = {
    "sku": _("Licence or number type"),
    "kind": _("What happened"),
    "from": _("From"),
    "to": _("To"),
}
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
    filters = ListFilters(request, FILTERS)
    names = sku_names(request.actor)
    pages = _pages(subscription, filters, names)
    found = filters.page(lambda: pages(limit=ROWS, cursor=request.GET.get("cursor")))
    balances = balances_now(request.actor, subscription.id)
    context = {
        **frame(request, subscription, "ledger"),
        "rows": _explained(request, subscription, found["items"]),
        "next": found["next"],
        "names": names,
        "balances": balances,
        "balance": _chosen(balances, filters.params["sku"]),
        **filters.context,
    }
    return show(
        request,
        "portal/subscriptions/ledger.html",
        context,
        parts=("list", "more"),
        status=filters.status,
    )


def _chosen(balances: Sequence[dict[str, Any]], sku: str) -> dict[str, Any] | None:
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
    subscription: Subscription, filters: ListFilters, skus: Collection[str]
) -> partial[dict[str, Any]]:
    since, until = filters.days()
    return partial(
        entries,
        subscription.id,
        sku=filters.choice("sku", skus),
        kind=filters.choice("kind", KINDS),
        since=since,
        until=until,
    )


@page(READ_BALANCES, subscription_id=find_subscription)
def export(request: PageRequest, subscription: Subscription, format: str) -> HttpResponseBase:
    """`GET /subscriptions/<id>/ledger.csv` and `.xlsx`: all that match the list's filters."""
    filters = ListFilters(request, FILTERS)
    pages = _pages(subscription, filters, sku_names(request.actor))
    if filters.wrong:
        return filters.refusal()

    def named(items: list[Any]) -> list[dict[str, Any]]:
        rows = _explained(request, subscription, items)
        return [{**row, "held_by": row["holder"] and row["holder"]["name"]} for row in rows]

    return download(paged_table("ledger", COLUMNS, pages, named), format)


@page(READ_BALANCES, subscription_id=find_subscription)
def balances(request: PageRequest, subscription: Subscription, format: str) -> HttpResponseBase:
    """`GET /subscriptions/<id>/balances.csv` and `.xlsx`: the present balances."""
    return download(balances_table(balances_now(request.actor, subscription.id)), format)
