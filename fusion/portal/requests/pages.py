"""Pages of order requests: the queue, the decided ones, and a single request."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from fusion.access.actor import GROUP, Actor
from fusion.access.permissions import PLACE_ORDERS, READ_ORDERS, REQUEST_ORDERS
from fusion.kernel.clock import read_instant
from fusion.ordering.models import REQUEST_STATES, OrderRequest
from fusion.ordering.requests import documents_for, find_request, list_requests
from fusion.portal.actor_names import display_names
from fusion.portal.forms import Confirmation
from fusion.portal.list_filters import ListFilters
from fusion.portal.page import ROWS, page
from fusion.portal.responses import show
from fusion.portal.session_actor import PageRequest
from fusion.portal.skus import product_names
from fusion.tenancy.models import Organization
from fusion.tenancy.queries import find_subscription
from fusion.tenancy.search import subscription_names

ALL = "all"

FILTERS = {"state": _("State"), "subscription": _("Subscription")}


@page(READ_ORDERS)
def requests(request: PageRequest) -> HttpResponse:
    """`GET /order-requests`: the open ones, unless another state is chosen."""
    filters, wanted = read_filters(request, REQUEST_STATES)
    pages = partial(list_requests, request.actor, **wanted)
    found = filters.page(lambda: pages(limit=ROWS, cursor=request.GET.get("cursor")))
    context = {
        "rows": request_rows(request.actor, found["items"]),
        "next": found["next"],
        **filters_context(request, filters, wanted),
        "states": (*REQUEST_STATES, ALL),
        "is_group": request.actor.kind == GROUP,
        "may_request": may_request(request.actor),
    }
    template = "portal/requests/list.html"
    return show(request, template, context, parts=("more",), status=filters.status)


def read_filters(
    request: PageRequest, states: Collection[str]
) -> tuple[ListFilters, dict[str, Any]]:
    """The filters of a list of requests, and the arguments of its query; Problem `not-found`."""
    filters = ListFilters(request, FILTERS, state="open")
    subscription_id = filters.id("subscription")
    if subscription_id is not None:
        find_subscription(request.actor, subscription_id)
    state = filters.choice("state", (*states, ALL))
    wanted = {"state": None if state == ALL else state, "subscription_id": subscription_id}
    return filters, wanted


def filters_context(
    request: PageRequest, filters: ListFilters, wanted: Mapping[str, Any]
) -> dict[str, Any]:
    """The filters of a list of requests for its template."""
    id = wanted["subscription_id"]
    return {
        **filters.context,
        "state": "" if "state" in filters.wrong else wanted["state"] or ALL,
        "subscription": id,
        "owner_name": find_subscription(request.actor, id).name if id else "",
    }


def may_request(actor: Actor) -> bool:
    """Whether the actor raises order requests: the group does not, because it orders."""
    return actor.kind != GROUP and REQUEST_ORDERS.allows(actor)


def request_rows(actor: Actor, documents: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Requests with the names of customers and requesters, in a fixed number of statements."""
    names = subscription_names({UUID(each["subscription_id"]) for each in documents})
    seen = Organization.objects.visible_to(actor).filter(
        id__in={each["organization_id"] for each in documents}
    )
    organizations = {str(id): name for id, name in seen.values_list("id", "name")}
    return [
        {
            **each,
            "subscription": names[UUID(each["subscription_id"])][0],
            "tenant": names[UUID(each["subscription_id"])][1],
            "organization": organizations.get(each["organization_id"]) or gettext("Your provider"),
            "requested_at": read_instant(each["requested_at"]),
            "decided_at": read_instant(each["decided_at"]) if each["decided_at"] else None,
        }
        for each in documents
    ]


@page(READ_ORDERS, order_request_id=find_request)
def detail(request: PageRequest, order_request: OrderRequest) -> HttpResponse:
    """`GET /order-requests/<id>`."""
    actor = request.actor
    (document,) = request_rows(actor, documents_for(actor, [order_request]))
    is_open = order_request.state == "open"
    context = {
        "order_request": document,
        "actors": display_names(actor, [order_request.requested_by, order_request.decided_by]),
        "products": product_names(actor, document["lines"]),
        "confirmation": Confirmation(),
        "may_decide": is_open and PLACE_ORDERS.allows(actor),
        "may_withdraw": is_open
        and may_request(actor)
        and order_request.path.startswith(actor.path),
    }
    return show(request, "portal/requests/detail.html", context)
