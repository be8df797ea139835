"""The members and the API clients of an organization as files."""

from functools import partial
from typing import Any

from django.http.response import HttpResponseBase

from fusion.access.permissions import READ_MEMBERS
from fusion.accounts.people import list_people
from fusion.clients.queries import list_clients
from fusion.kernel.sheets.send import paged_table
from fusion.portal.downloads import download
from fusion.portal.page import page
from fusion.portal.session_actor import PageRequest
from fusion.tenancy.models import Organization
from fusion.tenancy.queries import find_organization

MEMBERS = ("name", "email", "role", "status", "created_at", "expires_at", "id")

CLIENTS = ("name", "client_id", "scopes", "connector", "created_at", "id")


@page(READ_MEMBERS, organization_id=find_organization)
def members(request: PageRequest, organization: Organization, format: str) -> HttpResponseBase:
    """`GET /customers/<id>/members.csv` and `.xlsx`: members and invited people."""
    pages = partial(list_people, request.actor, organization_id=organization.id)
    return download(paged_table("members", MEMBERS, pages), format)


@page(READ_MEMBERS, organization_id=find_organization)
def clients(request: PageRequest, organization: Organization, format: str) -> HttpResponseBase:
    """`GET /customers/<id>/api-clients.csv` and `.xlsx`: without their secrets."""

    def named(items: list[Any]) -> list[dict[str, Any]]:
        return [{**each, "scopes": ", ".join(each["scopes"])} for each in items]

    pages = partial(list_clients, request.actor, organization_id=organization.id)
    return download(paged_table("api-clients", CLIENTS, pages, named), format)
