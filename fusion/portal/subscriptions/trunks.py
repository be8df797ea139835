"""The trunks of a subscription: the list, and a single trunk with its calls."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
from django.http import HttpResponse

from fusion.access.permissions import READ_CALLS, READ_PROVISIONING
from fusion.kernel.clock import now, read_instant
from fusion.portal.forms import Confirmation
from fusion.portal.page import ROWS, page
from fusion.portal.responses import show
from fusion.portal.session_actor import PageRequest
from fusion.portal.skus import sku_names
from fusion.portal.subscriptions.frame import frame
from fusion.portal.subscriptions.pages import most
from fusion.portal.usage import usage_of
from fusion.tenancy.models import Subscription
from fusion.tenancy.queries import find_subscription
from fusion.trunks.queries import (
    channel_use,
    find_trunk,
    list_calls,
    list_numbers,
    list_trunks,
    thresholds_reached,
    trunk_document,
)
from fusion.trunks.records import WantedRecords, list_records

NUMBERS = 20
LIVE = 20

PARTS = ("live", "more", "numbers-more", "calls-more")


def use_of(subscription: Subscription) -> dict[str, Any]:
    """Live calls now, and the peaks of the last 24 hours."""
    until = now()
    return channel_use(subscription.id, since=until - timedelta(days=1), until=until)


def reached(subscription: Subscription, subject_id: UUID) -> list[dict[str, Any]]:
    """The thresholds that live calls reached in the last 24 hours, the subscription's or a trunk's:
    {percent, live, most, at}.
    """
    day = now() - timedelta(days=1)
    return thresholds_reached(subscription.group_id, subject_id, since=day)


def by_trunk(use: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """Trunk id → {in_use, peak}."""
    peaks: dict[str, int] = {}
    for hour in use["hours"]:
        for each in hour["trunks"]:
            peaks[each["trunk_id"]] = max(peaks.get(each["trunk_id"], 0), each["peak"])
    return {
        str(each["trunk_id"]): {
            "in_use": each["in_use"],
            "peak": max(peaks.get(str(each["trunk_id"]), 0), each["in_use"]),
        }
        for each in use["trunks"]
    }


@page(READ_PROVISIONING, subscription_id=find_subscription)
def trunks(request: PageRequest, subscription: Subscription) -> HttpResponse:
    """`GET /subscriptions/<id>/trunks`."""
    found = list_trunks(
        request.actor,
        subscription_id=subscription.id,
        limit=ROWS,
        cursor=request.GET.get("cursor"),
    )
    use = use_of(subscription)
    live = by_trunk(use)
    context = {
        **frame(request, subscription, "trunks"),
        "rows": [_with_use(row, live[row["id"]], use["channels"]) for row in found["items"]],
        "next": found["next"],
        "total": usage_of(use["in_use"], use["channels"]),
        "peak": most(use),
        "reached": reached(subscription, subscription.id),
    }
    return show(request, "portal/subscriptions/trunks.html", context, parts=("list", "more"))


def _with_use(row: Mapping[str, Any], live: Mapping[str, int], channels: int) -> dict[str, Any]:
    """The trunk with its live calls, compared with its own cap, or else with all channels."""
    cap = row["channel_cap"]
    most_calls = channels if cap is None else min(cap, channels)
    return {**row, **live, "most": most_calls, "use": usage_of(live["in_use"], most_calls)}


@page(READ_CALLS, subscription_id=find_subscription)
def trunk(request: PageRequest, subscription: Subscription, trunk_id: UUID) -> HttpResponse:
    """`GET /subscriptions/<id>/trunks/<trunk id>`."""
    found = find_trunk(request.actor, trunk_id, subscription.id)
    use = use_of(subscription)
    live = by_trunk(use)[str(trunk_id)]
    context: dict[str, Any] = {
        **frame(request, subscription, "trunks"),
        "trunk": _with_use(trunk_document(found), live, use["channels"]),
        "created_at": found.created_at,
        "names": sku_names(request.actor),
        "hours": _hours(use, trunk_id),
        "reached": reached(subscription, trunk_id),
        "confirmation": Confirmation(),
        **_calls(request, subscription, trunk_id),
    }
    if request.htmx.target != "live":
        context |= _numbers(request, trunk_id) | _records(request, subscription, trunk_id)
    return show(request, "portal/subscriptions/trunk.html", context, parts=PARTS)


def _hours(use: Mapping[str, Any], trunk_id: UUID) -> Sequence[int]:
    """The most concurrent calls in each of the last 24 hours, oldest first."""
    peaks = {
        read_instant(hour["hour"]): each["peak"]
        for hour in use["hours"]
        for each in hour["trunks"]
        if each["trunk_id"] == str(trunk_id)
    }
    last = now().replace(minute=0, second=0, microsecond=0)
    return [peaks.get(last - timedelta(hours=ago), 0) for ago in range(23, -1, -1)]


def _calls(request: PageRequest, subscription: Subscription, trunk_id: UUID) -> dict[str, Any]:
    found = list_calls(
        request.actor,
        limit=LIVE,
        cursor=request.GET.get("calls"),
        subscription_id=subscription.id,
        trunk_id=trunk_id,
    )
    calls = [{**call, "since": read_instant(call["admitted_at"])} for call in found["items"]]
    return {"calls": calls, "calls_next": found["next"]}


def _numbers(request: PageRequest, trunk_id: UUID) -> dict[str, Any]:
    text = list_numbers(trunk_id, limit=NUMBERS, cursor=request.GET.get("numbers"))
    found = orjson.loads(text)
    return {"numbers": found["items"], "numbers_next": found["next"]}


def _records(request: PageRequest, subscription: Subscription, trunk_id: UUID) -> dict[str, Any]:
    wanted = WantedRecords(subscription_id=subscription.id, trunk_id=trunk_id)
    found = list_records(request.actor, wanted, limit=ROWS, cursor=request.GET.get("cursor"))
    records = [
        {
            **record,
            "ended": read_instant(record["ended_at"]),
            "duration": timedelta(seconds=record["duration_seconds"]),
        }
        for record in found["items"]
    ]
    return {"records": records, "next": found["next"]}
