"""Customers and subscriptions as files, and the reports of an organization."""

from functools import partial
from typing import Any
from uuid import UUID

from django.http.response import HttpResponseBase

from fusion.access.permissions import READ_BALANCES, READ_REPORTS, READ_TENANCY
from fusion.kernel.sheets.send import paged_table
from fusion.portal.downloads import download
from fusion.portal.page import page
from fusion.portal.query_params import query_params
from fusion.portal.session_actor import PageRequest
from fusion.reporting.license_report import licenses_table
from fusion.reporting.phone_usage import Period, usage_table
from fusion.tenancy.models import Organization
from fusion.tenancy.queries import find_organization, list_organizations, list_subscriptions
from fusion.tenancy.search import subscription_names

CUSTOMERS = ("name", "kind", "external_reference", "country", "below", "created_at", "id")

SUBSCRIPTIONS = ("customer", "name", "external_reference", "status", "created_at", "id")


@page(READ_TENANCY)
def organizations(request: PageRequest, format: str) -> HttpResponseBase:
    """`GET /customers.csv` and `.xlsx`: one's organization and all below it, or the matches."""
    pages = partial(list_organizations, request.actor, q=query_params(request, "q")["q"] or None)
    names: dict[str, str] = {}

    def named(items: list[Any]) -> list[dict[str, Any]]:
        names.update((each["id"], each["name"]) for each in items)  # parents come first
        return [{**each, "below": names.get(each["parent_id"])} for each in items]

    return download(paged_table("customers", CUSTOMERS, pages, named), format)


@page(READ_TENANCY, organization_id=find_organization)
def subscriptions(
    request: PageRequest, organization: Organization, format: str
) -> HttpResponseBase:
    """`GET /customers/<id>/subscriptions.csv` and `.xlsx`: all subscriptions at or below it."""

    def named(items: list[Any]) -> list[dict[str, Any]]:
        names = subscription_names({UUID(each["id"]) for each in items})
        return [{**each, "customer": names[UUID(each["id"])][1]} for each in items]

    pages = partial(list_subscriptions, request.actor, organization_id=organization.id)
    return download(paged_table("subscriptions", SUBSCRIPTIONS, pages, named), format)


@page(READ_BALANCES, organization_id=find_organization)
def balances(request: PageRequest, organization: Organization, format: str) -> HttpResponseBase:
    """`GET /customers/<id>/balances.csv` and `.xlsx`: all balances at or below it."""
    return download(licenses_table(request.actor, organization, None), format)


@page(READ_REPORTS, organization_id=find_organization)
def phone_usage(request: PageRequest, organization: Organization, format: str) -> HttpResponseBase:
    """`GET /customers/<id>/phone-usage.csv` and `.xlsx`: who has which number now."""
    return download(usage_table(request.actor, organization, None, Period()), format)
