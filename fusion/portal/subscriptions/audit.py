"""Who did what to a subscription and to what it has."""

from django.http import HttpResponse

from fusion.portal.days import after, day
from fusion.portal.deeds import OBJECTS, deeds
from fusion.portal.page import page, show
from fusion.portal.subscriptions.frame import frame
from fusion.portal.visit import PageRequest
from fusion.tenancy.audit_trail import WantedRecords, list_audit
from fusion.tenancy.models import Subscription
from fusion.tenancy.permissions import READ_REPORTS
from fusion.tenancy.queries import find_subscription

ROWS = 50


@page(READ_REPORTS, subscription_id=find_subscription)
def audit(request: PageRequest, subscription: Subscription) -> HttpResponse:
    """`GET /subscriptions/<id>/audit`."""
    asked = {name: request.GET.get(name, "") for name in ("verb", "by", "from", "to")}
    wanted = WantedRecords(
        subscription=subscription,
        verb=asked["verb"] if asked["verb"] in OBJECTS else None,
        actor=asked["by"].replace("\0", "")[:80] or None,
        since=day(asked["from"]),
        until=after(asked["to"]),
    )
    found = list_audit(request.actor, wanted, limit=ROWS, cursor=request.GET.get("cursor"))
    context = {
        **frame(request, subscription, "audit"),
        "rows": deeds(request.actor, found["items"]),
        "next": found["next"],
        "objects": OBJECTS,
        "asked": asked,
        "filtered": any(asked.values()),
    }
    return show(request, "portal/subscriptions/audit.html", context, parts=("list", "more"))
