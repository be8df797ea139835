"""Routes of what leaves for the billing platform: the change feed, and reports."""

from collections.abc import Callable, Iterator
from functools import partial

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja import Query, Router

from fusion.billing.feed import read_feed
from fusion.billing.license_report import licenses_as_csv, licenses_as_json
from fusion.billing.phone_usage import Period, usage_as_csv, usage_as_json
from fusion.billing.schemas import (
    Feed,
    FeedPosition,
    LicenseReport,
    ReportFilter,
    UsageFilter,
    UsageReport,
)
from fusion.kernel.http import CSV, json_response
from fusion.kernel.openapi import also_csv
from fusion.kernel.schemas import READ_PROBLEMS
from fusion.kernel.stream import Query as Reading
from fusion.kernel.stream import stream, wants_csv
from fusion.tenancy.guard import Door, actor_of
from fusion.tenancy.permissions import READ_EVENTS, READ_REPORTS
from fusion.tenancy.queries import find_organization, find_subscription

router = Router(tags=["reports"])

REPORTS = Door(READ_REPORTS, organization_id=find_organization, subscription_id=find_subscription)

Made = Callable[[Reading], Iterator[str]]


@router.get(
    "/events", auth=Door(READ_EVENTS), response={200: Feed, **READ_PROBLEMS}, tags=["events"]
)
def events(request: HttpRequest, asked: Query[FeedPosition]) -> HttpResponse:
    """List the events in your subtree after a cursor.

    Keep calling with the `next` value of the previous response.
    """
    return json_response(read_feed(actor_of(request), after=asked.after, limit=asked.limit))


@router.get(
    "/reports/phone-usage",
    auth=REPORTS,
    response={200: UsageReport, **READ_PROBLEMS},
    openapi_extra=also_csv(),
)
def phone_usage(request: HttpRequest, asked: Query[UsageFilter]) -> HttpResponseBase:
    """Report which user had which number, now or in a period, with all names and references."""
    actor = actor_of(request)
    organization = find_organization(actor, asked.organization_id or actor.organization_id)
    given = (organization, asked.subscription_id, Period(since=asked.from_, until=asked.to))
    return _report(
        request,
        asked,
        "phone-usage",
        partial(usage_as_json, *given),
        partial(usage_as_csv, *given),
    )


@router.get(
    "/reports/licenses",
    auth=REPORTS,
    response={200: LicenseReport, **READ_PROBLEMS},
    openapi_extra=also_csv(),
)
def licenses(request: HttpRequest, asked: Query[ReportFilter]) -> HttpResponseBase:
    """Report the ordered and used quantity of each SKU, in total and per subscription."""
    actor = actor_of(request)
    organization = find_organization(actor, asked.organization_id or actor.organization_id)
    given = (organization, asked.subscription_id)
    return _report(
        request,
        asked,
        "licenses",
        partial(licenses_as_json, *given),
        partial(licenses_as_csv, *given),
    )


def _report(
    request: HttpRequest, asked: ReportFilter, name: str, as_json: Made, as_csv: Made
) -> HttpResponseBase:
    if wants_csv(request, asked.format):
        return stream(as_csv, media_type=CSV, filename=f"{name}.csv")
    return stream(as_json, media_type="application/json")
