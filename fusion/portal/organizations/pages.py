"""Customers: the tree below one's own organization, and one organization in it."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse

from fusion.access.actor import TENANT
from fusion.access.permissions import READ_TENANCY
from fusion.portal.forms import Confirmation
from fusion.portal.organizations.frame import children_kinds, frame
from fusion.portal.page import ROWS, page
from fusion.portal.query_params import query_params
from fusion.portal.responses import show
from fusion.portal.session_actor import PageRequest
from fusion.tenancy.models import Organization
from fusion.tenancy.queries import country_of, list_organizations, list_subscriptions
from fusion.tenancy.queries import find_organization as found
from fusion.tenancy.search import find_subscriptions, is_long_enough, subscription_names
from fusion.tenancy.tree import list_children

MATCHES = 20
"""Most organizations that a search shows: with more, the user types on."""
ALSO = 10
"""Subscriptions shown beside the organizations that a search finds."""


@page(READ_TENANCY)
def organizations(request: PageRequest) -> HttpResponse:
    """`GET /customers`: the organizations directly below one's own, or the matches of a search."""
    actor = request.actor
    text = query_params(request, "q")["q"]
    cursor = request.GET.get("cursor")
    if text:
        listed: dict[str, Any] = {"items": [], "next": None}
        if is_long_enough(text):
            listed = list_organizations(actor, q=text, limit=MATCHES, cursor=cursor)
        subscriptions = find_subscriptions(actor, text, limit=ALSO + 1) if not cursor else []
    else:
        listed = list_children(actor.organization_id, limit=ROWS, cursor=cursor)
        subscriptions = []
    context = {
        "q": text,
        "rows": listed["items"],
        "next": listed["next"],
        "subscriptions": subscriptions[:ALSO],
        "more_subscriptions": len(subscriptions) > ALSO,
        "may_add": bool(children_kinds(actor, actor.kind)),
        "is_tenant": actor.kind == TENANT,
    }
    return show(request, "portal/organizations/list.html", context, parts=("list", "more"))


@page(READ_TENANCY, organization_id=found)
def children(request: PageRequest, organization: Organization) -> HttpResponse:
    """`GET /customers/<id>/below`: its children, to be inserted below it in the tree."""
    listed = list_children(organization.id, limit=ROWS, cursor=request.GET.get("cursor"))
    context = {"organization": organization, "rows": listed["items"], "next": listed["next"]}
    return show(request, "portal/organizations/below.html", context, parts=("branch",))


@page(READ_TENANCY, organization_id=found)
def detail(request: PageRequest, organization: Organization) -> HttpResponse:
    """`GET /customers/<id>`."""
    actor = request.actor
    is_tenant = organization.kind == TENANT
    below: dict[str, Any] = {"items": [], "next": None}
    if not is_tenant:
        below = list_children(organization.id, limit=ROWS, cursor=request.GET.get("children"))
    listed = list_subscriptions(
        actor, organization_id=organization.id, limit=ROWS, cursor=request.GET.get("cursor")
    )
    rows = listed["items"]
    names = {} if is_tenant else subscription_names({UUID(each["id"]) for each in rows})
    context = {
        **frame(request, organization, "overview"),
        "children": below["items"],
        "more_children": below["next"],
        "rows": [{**each, "tenant": names[UUID(each["id"])][1] if names else ""} for each in rows],
        "next": listed["next"],
        "country": country_of(organization.path),
        "confirmation": Confirmation(),
    }
    parts = ("more", "branch")
    return show(request, "portal/organizations/detail.html", context, parts=parts)
