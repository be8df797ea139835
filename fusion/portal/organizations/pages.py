"""Customers: the organizations below one's own, and what each has."""

from django.http import HttpResponse

from fusion.portal.page import page, show
from fusion.portal.visit import PageRequest
from fusion.tenancy.models import Organization
from fusion.tenancy.permissions import READ_TENANCY
from fusion.tenancy.queries import find_organization as found
from fusion.tenancy.queries import list_organizations, list_subscriptions

ROWS = 50


@page(READ_TENANCY)
def organizations(request: PageRequest) -> HttpResponse:
    """`GET /customers`."""
    cursor = request.GET.get("cursor")
    listed = list_organizations(request.actor, limit=ROWS, cursor=cursor)
    context = {"rows": listed["items"], "next": listed["next"]}
    return show(request, "portal/organizations/list.html", context, parts=("more",))


@page(READ_TENANCY, organization_id=found)
def detail(request: PageRequest, organization: Organization) -> HttpResponse:
    """`GET /customers/<id>`."""
    cursor = request.GET.get("cursor")
    listed = list_subscriptions(
        request.actor, organization_id=organization.id, limit=ROWS, cursor=cursor
    )
    context = {"organization": organization, "rows": listed["items"], "next": listed["next"]}
    return show(request, "portal/organizations/detail.html", context, parts=("more",))
