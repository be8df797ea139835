"""The ledger of a subscription: each entry with its order or its holder."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpResponse
from django.urls import NoReverseMatch, reverse

from fusion.access.permissions import READ_BALANCES
from fusion.kernel.clock import read_instant
from fusion.kernel.ids import parse_id
from fusion.ledger.queries import balances_now, entries
from fusion.numbers.rules import E164
from fusion.portal.actor_names import display_names
from fusion.portal.date_filters import date_range
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


@page(READ_BALANCES, subscription_id=find_subscription)
def ledger(request: PageRequest, subscription: Subscription) -> HttpResponse:
    """`GET /subscriptions/<id>/ledger`."""
    params = query_params(request, "sku", "kind", "from", "to")
    names = sku_names(request.actor)
    sku = params["sku"] if params["sku"] in names else None
    days = date_range(params)
    found = entries(
        subscription.id,
        limit=ROWS,
        cursor=request.GET.get("cursor"),
        sku=sku,
        kind=params["kind"] if params["kind"] in KINDS else None,
        since=days.since,
        until=days.until,
    )
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
