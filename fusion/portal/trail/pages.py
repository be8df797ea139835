"""What has happened in a group: the events that other systems read, and the audit trail."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

import orjson
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _

from fusion.access.actor import Actor
from fusion.access.permissions import READ_TRAIL
from fusion.access.verbs import AUDITED
from fusion.events.event_list import list_events
from fusion.kernel.sheets.send import paged_table
from fusion.portal.actor_names import display_names
from fusion.portal.audit_labels import audit_rows, audit_table
from fusion.portal.downloads import download, refused_filter
from fusion.portal.list_filters import ListFilters
from fusion.portal.page import ROWS, page
from fusion.portal.responses import show
from fusion.portal.session_actor import PageRequest
from fusion.portal.trail.event_filter import EventForm
from fusion.reporting.audit_trail import WantedRecords, list_audit
from fusion.tenancy.queries import find_organization
from fusion.tenancy.search import subscription_names

FILTERS = {
    "verb": _("What"),
    "by": _("By"),
    "from": _("From"),
    "to": _("To"),
    "object": _("Of"),
    "organization": _("Customer or partner"),
}

EVENT_COLUMNS = ("at", "type", "by", "customer", "subscription", "data", "id")


@page(READ_TRAIL)
def events(request: PageRequest) -> HttpResponse:
    """`GET /events`."""
    form = EventForm(request.GET, actor=request.actor)
    found: dict[str, Any] = {"items": [], "next": None}
    if form.is_valid():
        cursor = request.GET.get("cursor")
        found = list_events(request.actor, form.wanted(), limit=ROWS, cursor=cursor)
    rows = _named_events(request.actor, found["items"])
    indented = orjson.OPT_INDENT_2
    context = {
        "form": form,
        "rows": [
            {**row, "json": orjson.dumps(row["data"], option=indented).decode()} for row in rows
        ],
        "next": found["next"],
        "filtered": any(request.GET.get(name) for name in form.fields),
    }
    status = 200 if form.is_valid() else 422
    return show(request, "portal/trail/events.html", context, parts=("list", "more"), status=status)


def _named_events(actor: Actor, items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Events with the names of their actor, subscription and customer."""
    names = subscription_names({each["subscription_id"] for each in items} - {None})
    people = display_names(actor, [each["actor"] for each in items])
    return [
        {
            **each,
            "by": people[each["actor"]],
            "names": names.get(each["subscription_id"]),
            "subscription": names.get(each["subscription_id"], ("", ""))[0],
            "customer": names.get(each["subscription_id"], ("", ""))[1],
        }
        for each in items
    ]


@page(READ_TRAIL)
def export_events(request: PageRequest, format: str) -> HttpResponseBase:
    """`GET /events.csv` and `.xlsx`: all events that match the list's filters."""
    form = EventForm(request.GET, actor=request.actor)
    if not form.is_valid():
        return refused_filter(form)
    pages = partial(list_events, request.actor, form.wanted())
    named = partial(_named_events, request.actor)
    return download(paged_table("events", EVENT_COLUMNS, pages, named), format)


@page(READ_TRAIL)
def audit(request: PageRequest) -> HttpResponse:
    """`GET /audit`."""
    actor = request.actor
    filters = ListFilters(request, FILTERS)
    wanted = _wanted(actor, filters)
    pages = partial(list_audit, actor, wanted)
    found = filters.page(lambda: pages(limit=ROWS, cursor=request.GET.get("cursor")))
    rows = audit_rows(actor, found["items"])
    by = filters.params["by"]
    context = {
        "rows": _named(rows),
        "next": found["next"],
        "objects": AUDITED,
        **filters.context,
        "organization": wanted.organization,
        "by": display_names(actor, [by]).get(by, ""),
    }
    return show(
        request, "portal/trail/audit.html", context, parts=("list", "more"), status=filters.status
    )


def _named(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each record with the names of its subscription and customer, if any."""
    ids: set[UUID] = {row["subscription_id"] for row in rows} - {None}
    names = subscription_names(ids)
    return [{**row, "names": names.get(row["subscription_id"])} for row in rows]


def _wanted(actor: Actor, filters: ListFilters) -> WantedRecords:
    organization_id = filters.id("organization")
    since, until = filters.days()
    return WantedRecords(
        organization=find_organization(actor, organization_id) if organization_id else None,
        object_id=filters.params["object"] or None,
        verb=filters.choice("verb", AUDITED),
        actor=filters.params["by"] or None,
        since=since,
        until=until,
    )


@page(READ_TRAIL)
def export(request: PageRequest, format: str) -> HttpResponseBase:
    """`GET /audit.csv` and `.xlsx`: all records that match the list's filters."""
    filters = ListFilters(request, FILTERS)
    wanted = _wanted(request.actor, filters)
    if filters.wrong:
        return filters.refusal()
    return download(audit_table(request.actor, wanted), format)
