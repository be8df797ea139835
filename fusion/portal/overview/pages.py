"""The overview: what the organization one stands in has ordered, and what of it is in use."""

from typing import Any

from django.http import HttpResponse

from fusion.ledger.queries import totals, totals_by_subscription
from fusion.portal.page import page, show
from fusion.portal.visit import PageRequest
from fusion.tenancy.permissions import READ_BALANCES

ROWS = 50


@page(READ_BALANCES)
def overview(request: PageRequest) -> HttpResponse:
    """`GET /`."""
    actor = request.actor
    found = totals_by_subscription(actor.path, limit=ROWS, cursor=request.GET.get("cursor"))
    context: dict[str, Any] = {
        "totals": totals(actor.group_id, actor.path),
        "rows": [
            {**balance, "name": subscription["name"]}
            for subscription in found["items"]
            for balance in subscription["items"]
        ],
        "next": found["next"],
    }
    return show(request, "portal/overview/overview.html", context, parts=("more",))
