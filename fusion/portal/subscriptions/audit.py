"""The audit trail of a subscription and its objects."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from fusion.access.permissions import READ_REPORTS
from fusion.portal.audit_labels import OBJECTS, audit_rows, audit_table
from fusion.portal.downloads import download
from fusion.portal.list_filters import ListFilters
from fusion.portal.page import ROWS, page
from fusion.portal.responses import show
from fusion.portal.session_actor import PageRequest
from fusion.portal.subscriptions.frame import frame
from fusion.reporting.audit_trail import WantedRecords, list_audit
from fusion.tenancy.models import Subscription
from fusion.tenancy.queries import find_subscription
from fusion.trunks.queries import trunk_names
from fusion.users.queries import user_names

FILTERS = {"verb": _("What"), "by": _("By"), "from": _("From"), "to": _("To")}

PAGES = {"user": "subscriptions-user", "trunk": "subscriptions-trunk", "order": "orders-detail"}
"""Type of object → URL name of its page."""


@page(READ_REPORTS, subscription_id=find_subscription)
def audit(request: PageRequest, subscription: Subscription) -> HttpResponse:
    """`GET /subscriptions/<id>/audit`."""
    filters = ListFilters(request, FILTERS)
    pages = partial(list_audit, request.actor, _wanted(subscription, filters))
    found = filters.page(lambda: pages(limit=ROWS, cursor=request.GET.get("cursor")))
    context = {
        **frame(request, subscription, "audit"),
        "rows": _with_objects(subscription, audit_rows(request.actor, found["items"])),
        "next": found["next"],
        "objects": OBJECTS,
        **filters.context,
    }
    return show(
        request,
        "portal/subscriptions/audit.html",
        context,
        parts=("list", "more"),
        status=filters.status,
    )


def _with_objects(
    subscription: Subscription, rows: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Rows with `object`: {name, href} of the user, trunk or order, if it still exists."""
    ids = {type: [row["object_id"] for row in rows if row["object_type"] == type] for type in PAGES}
    names = {
        "user": user_names(subscription.id, ids["user"]),
        "trunk": trunk_names(subscription.id, ids["trunk"]),
        "order": {
            row["object_id"]: gettext("Order %(number)s") % row["detail"]
            for row in rows
            if row["object_type"] == "order" and "number" in row["detail"]
        },
    }
    return [
        {**row, "object": _object(subscription, row, names.get(row["object_type"], {}))}
        for row in rows
    ]


def _object(
    subscription: Subscription, row: Mapping[str, Any], names: Mapping[str, str]
) -> dict[str, str] | None:
    id = row["object_id"]
    if id not in names:
        return None
    type = row["object_type"]
    ids = [id] if type == "order" else [subscription.id, id]
    return {"name": names[id], "href": reverse(PAGES[type], args=ids)}


def _wanted(subscription: Subscription, filters: ListFilters) -> WantedRecords:
    since, until = filters.days()
    return WantedRecords(
        subscription=subscription,
        verb=filters.choice("verb", OBJECTS),
        actor=filters.params["by"] or None,
        since=since,
        until=until,
    )


@page(READ_REPORTS, subscription_id=find_subscription)
def export(request: PageRequest, subscription: Subscription, format: str) -> HttpResponseBase:
    """`GET /subscriptions/<id>/audit.csv` and `.xlsx`: all that match the list's filters."""
    filters = ListFilters(request, FILTERS)
    wanted = _wanted(subscription, filters)
    if filters.wrong:
        return filters.refusal()
    return download(audit_table(request.actor, wanted), format)
