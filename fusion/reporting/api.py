"""The routes of reports."""

from collections.abc import Callable, Iterator
from functools import partial

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Query, Router

from fusion.access.http_auth import RequirePermission, actor_of
from fusion.access.permissions import READ_REPORTS
from fusion.kernel.openapi import also_files
from fusion.kernel.schemas import READ_PROBLEMS
from fusion.kernel.sheets.send import Table, send_table
from fusion.kernel.stream import Query as Reading
from fusion.kernel.stream import stream, wanted_format
from fusion.reporting.license_report import LicenseReport, licenses_as_json, licenses_table
from fusion.reporting.phone_usage import (
    Period,
    UsageFilter,
    UsageReport,
    usage_as_json,
    usage_table,
)
from fusion.reporting.schemas import ReportFilter
from fusion.tenancy.queries import find_organization, find_subscription

router = Router(tags=["reports"])

REPORTS = RequirePermission(
    READ_REPORTS, organization_id=find_organization, subscription_id=find_subscription
)

Made = Callable[[Reading], Iterator[str]]


@router.get(
    "/reports/phone-usage",
    auth=REPORTS,
    response={200: UsageReport, **READ_PROBLEMS},
    openapi_extra=also_files(),
)
def phone_usage(request: HttpRequest, params: Query[UsageFilter]) -> HttpResponseBase:
    """Report which user had which number, now or in a period, with all names and references."""
    actor = actor_of(request)
    organization = find_organization(actor, params.organization_id or actor.organization_id)
    period = Period(since=params.from_, until=params.to)
    arguments = (actor, organization, params.subscription_id, period)
    return _report(
        request,
        params,
        partial(usage_as_json, *arguments),
        usage_table(*arguments),
    )


@router.get(
    "/reports/licenses",
    auth=REPORTS,
    response={200: LicenseReport, **READ_PROBLEMS},
    openapi_extra=also_files(),
)
def licenses(request: HttpRequest, params: Query[ReportFilter]) -> HttpResponseBase:
    """Report the ordered and used quantity of each SKU, in total and per subscription."""
    actor = actor_of(request)
    organization = find_organization(actor, params.organization_id or actor.organization_id)
    arguments = (actor, organization, params.subscription_id)
    return _report(
        request,
        params,
        partial(licenses_as_json, *arguments),
        licenses_table(*arguments),
    )


def _report(
    request: HttpRequest, params: ReportFilter, as_json: Made, table: Table
) -> HttpResponseBase:
    format = wanted_format(request, params.format)
    if format == "json":
        return stream(as_json, media_type="application/json")
    return send_table(table, format)
