"""The search for the subscription of a new order or order request."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse

from fusion.kernel.pagination import MAX_LIMIT
from fusion.portal.query_params import query_params
from fusion.portal.responses import show
from fusion.portal.session_actor import PageRequest
from fusion.tenancy.queries import list_subscriptions
from fusion.tenancy.search import find_subscriptions, subscription_names

SHOWN = 10
"""Most subscriptions below the search."""

TERMINATED = "terminated"


def choose(request: PageRequest, heading: str, to: str) -> HttpResponse:
    """The page that searches for a subscription, and continues with the page named `to`."""
    text = query_params(request, "q")["q"]
    if text:
        rows, more = find_subscriptions(request.actor, text, limit=SHOWN + 1), False
    else:
        rows, more = _newest(request)
    context = {
        "heading": heading,
        "to": to,
        "q": text,
        "rows": rows[:SHOWN],
        "more": more or len(rows) > SHOWN,
    }
    return show(request, "portal/orders/choose.html", context, parts=("found",))


def _newest(request: PageRequest) -> tuple[list[dict[str, Any]], bool]:
    """The newest subscriptions that are not terminated, with their customers; whether there are
    more.
    """
    listed = list_subscriptions(request.actor, limit=MAX_LIMIT)
    rows = [each for each in listed["items"] if each["status"] != TERMINATED]
    names = subscription_names({UUID(each["id"]) for each in rows[:SHOWN]})
    shown = [{**each, "tenant_name": names[UUID(each["id"])][1]} for each in rows[:SHOWN]]
    return shown, len(rows) > SHOWN or listed["next"] is not None
