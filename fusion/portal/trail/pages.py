"""What has happened in a group: the events that other systems read, and the audit trail."""

from typing import Any
from uuid import UUID

import orjson
from django.http import HttpResponse

from fusion.access.permissions import READ_TRAIL
from fusion.access.verbs import AUDITED
from fusion.events.event_list import WantedEvents, list_events
from fusion.events.types import OBJECTS as EVENT_OBJECTS
from fusion.kernel.ids import parse_id
from fusion.portal.asked import asked_for
from fusion.portal.days import asked_days
from fusion.portal.deeds import deeds
from fusion.portal.page import page
from fusion.portal.responses import show
from fusion.portal.visit import PageRequest
from fusion.portal.who import who
from fusion.reporting.audit_trail import WantedRecords, list_audit
from fusion.tenancy.queries import find_organization, find_subscription
from fusion.tenancy.search import subscription_names

ROWS = 50


@page(READ_TRAIL)
def events(request: PageRequest) -> HttpResponse:
    """`GET /events`."""
    noun = request.GET.get("about", "")
    given = parse_id(request.GET.get("subscription"))
    whose = find_subscription(request.actor, given).name if given else ""
    wanted = WantedEvents(noun=noun if noun in EVENT_OBJECTS else None, subscription_id=given)
    found = list_events(request.actor, wanted, limit=ROWS, cursor=request.GET.get("cursor"))
    names = subscription_names({each["subscription_id"] for each in found["items"]} - {None})
    people = who(request.actor, [each["actor"] for each in found["items"]])
    rows = [
        {
            **each,
            "by": people[each["actor"]],
            "names": names.get(each["subscription_id"]),
            "json": orjson.dumps(each["data"], option=orjson.OPT_INDENT_2).decode(),
        }
        for each in found["items"]
    ]
    context = {
        "rows": rows,
        "next": found["next"],
        "about": noun,
        "nouns": EVENT_OBJECTS,
        "subscription": given,
        "whose": whose,
        "filtered": bool(noun or given),
    }
    return show(request, "portal/trail/events.html", context, parts=("list", "more"))


@page(READ_TRAIL)
def audit(request: PageRequest) -> HttpResponse:
    """`GET /audit`."""
    actor = request.actor
    asked = asked_for(request, "verb", "by", "from", "to", "object")
    given = parse_id(request.GET.get("organization"))
    organization = find_organization(actor, given) if given else None
    days = asked_days(asked)
    wanted = WantedRecords(
        organization=organization,
        object_id=asked["object"] or None,
        verb=asked["verb"] if asked["verb"] in AUDITED else None,
        actor=asked["by"] or None,
        since=days.since,
        until=days.until,
    )
    found = list_audit(actor, wanted, limit=ROWS, cursor=request.GET.get("cursor"))
    rows = deeds(actor, found["items"])
    context = {
        "rows": _named(rows),
        "next": found["next"],
        "objects": AUDITED,
        "asked": asked,
        "wrong": days.wrong,
        "organization": organization,
        "by": who(actor, [asked["by"]]).get(asked["by"], ""),
        "filtered": any(asked.values()) or organization is not None,
    }
    return show(
        request, "portal/trail/audit.html", context, parts=("list", "more"), status=days.status
    )


def _named(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each record with the names of its subscription and customer, if any."""
    ids: set[UUID] = {row["subscription_id"] for row in rows} - {None}
    names = subscription_names(ids)
    return [{**row, "names": names.get(row["subscription_id"])} for row in rows]
