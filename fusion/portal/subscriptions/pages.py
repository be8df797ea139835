"""The main page of a subscription: its balances, their usage, and its holdings."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.urls import reverse

from fusion.access.permissions import READ_BALANCES
from fusion.catalogue.metrics import is_live, metric_of
from fusion.catalogue.models import ENTITLEMENT
from fusion.kernel.clock import now
from fusion.kernel.errors import not_found
from fusion.ledger.queries import balances_now
from fusion.ordering.queries import list_holdings
from fusion.portal.page import ROWS, page
from fusion.portal.pending import MOST_PENDING, failed_orders, with_words
from fusion.portal.responses import show
from fusion.portal.session_actor import PageRequest
from fusion.portal.skus import sku_names
from fusion.portal.stock import with_stock
from fusion.portal.subscriptions.frame import frame
from fusion.portal.subscriptions.states import states
from fusion.portal.usage import usage_of
from fusion.tenancy.models import Subscription
from fusion.tenancy.queries import find_subscription
from fusion.trunks.queries import channel_use


@page(READ_BALANCES, subscription_id=find_subscription)
def detail(request: PageRequest, subscription: Subscription) -> HttpResponse:
    """`GET /subscriptions/<id>`."""
    balances = balances_now(request.actor, subscription.id)
    held = list_holdings(subscription.id, limit=ROWS, cursor=request.GET.get("cursor"))
    has_live = any(is_live(balance["metric"]) for balance in balances)
    context = {
        **frame(request, subscription, "overview"),
        **states(request.actor, subscription),
        "balances": [
            _shown(subscription, balance) for balance in with_stock(request.actor, balances)
        ],
        "names": sku_names(request.actor),
        "failed": failed_orders(request.actor, subscription),
        "peak": day_peak(subscription) if has_live else None,
        "holdings": held["items"],
        "next": held["next"],
    }
    return show(request, "portal/subscriptions/detail.html", context, parts=("more",))


@page(READ_BALANCES, subscription_id=find_subscription)
def live(request: PageRequest, subscription: Subscription) -> HttpResponse:
    """`GET /subscriptions/<id>/live`: the channels alone, for a page that stays open."""
    balances = balances_now(request.actor, subscription.id)
    found = [balance for balance in balances if is_live(balance["metric"])]
    if not found:
        raise not_found("channel")
    context = {
        "balance": _shown(subscription, with_stock(request.actor, found)[0]),
        "name": sku_names(request.actor).get(found[0]["sku"]),
        "peak": day_peak(subscription),
    }
    return show(request, "portal/subscriptions/figures.html", context)


def _shown(subscription: Subscription, balance: dict[str, Any]) -> dict[str, Any]:
    """The balance with its usage, and the link to what uses it."""
    metric = metric_of(balance["metric"])
    href = reverse(metric.page, args=[subscription.id])
    if balance["type"] == ENTITLEMENT:  # several SKUs on one page
        href += f"?sku={balance['sku']}"
    return {
        **balance,
        "use": usage_of(balance["used"], balance["granted"]),
        "href": href,
        "pending": with_words(balance["pending"]),
        "more_pending": len(balance["pending"]) > MOST_PENDING,
    }


def day_peak(subscription: Subscription) -> int:
    """The most concurrent calls in the last 24 hours."""
    until = now()
    return most(channel_use(subscription.id, since=until - timedelta(days=1), until=until))


def most(use: dict[str, Any]) -> int:
    """The most concurrent calls in these hours, including those that are live now."""
    peaks: Sequence[int] = [hour["peak"] for hour in use["hours"]]
    in_use: int = use["in_use"]
    return max([*peaks, in_use])
