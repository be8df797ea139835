"""The users of a subscription: the list, and a single user."""

from functools import partial
from uuid import UUID

import orjson
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _

from fusion.access.permissions import READ_PROVISIONING
from fusion.kernel.sheets.send import paged_table
from fusion.portal.downloads import download
from fusion.portal.forms import Confirmation
from fusion.portal.list_filters import ListFilters
from fusion.portal.page import ROWS, page
from fusion.portal.responses import show
from fusion.portal.session_actor import PageRequest
from fusion.portal.subscriptions.frame import frame
from fusion.tenancy.models import Subscription
from fusion.tenancy.queries import find_subscription
from fusion.users.queries import USER_COLUMNS, find_user, list_users, user_document

KINDS = ("user", "resource_account")
LINKED = {"yes": True, "no": False}
FILTERS = {"q": _("Login or name starts with"), "kind": _("Kind"), "linked": _("Number")}


@page(READ_PROVISIONING, subscription_id=find_subscription)
def users(request: PageRequest, subscription: Subscription) -> HttpResponse:
    """`GET /subscriptions/<id>/users`."""
    filters = ListFilters(request, FILTERS)
    pages = _pages(subscription, filters)
    cursor = request.GET.get("cursor")
    found = filters.page(lambda: orjson.loads(pages(limit=ROWS, cursor=cursor)))
    context = {
        **frame(request, subscription, "users"),
        "rows": found["items"],
        "next": found["next"],
        **filters.context,
    }
    return show(
        request,
        "portal/subscriptions/users.html",
        context,
        parts=("list", "more"),
        status=filters.status,
    )


@page(READ_PROVISIONING, subscription_id=find_subscription)
def user(request: PageRequest, subscription: Subscription, user_id: UUID) -> HttpResponse:
    """`GET /subscriptions/<id>/users/<user id>`."""
    found = find_user(request.actor, user_id, subscription.id)
    context = {
        **frame(request, subscription, "users"),
        "user": user_document(found.id),
        "created_at": found.created_at,
        "confirmation": Confirmation(),
    }
    return show(request, "portal/subscriptions/user.html", context)


@page(READ_PROVISIONING, subscription_id=find_subscription)
def export(request: PageRequest, subscription: Subscription, format: str) -> HttpResponseBase:
    """`GET /subscriptions/<id>/users.csv` and `.xlsx`: all users that match the list's filters."""
    filters = ListFilters(request, FILTERS)
    pages = _pages(subscription, filters)
    if filters.wrong:
        return filters.refusal()
    return download(paged_table("users", USER_COLUMNS, pages), format)


def _pages(subscription: Subscription, filters: ListFilters) -> partial[str]:
    linked = filters.choice("linked", LINKED)
    return partial(
        list_users,
        subscription.id,
        q=filters.params["q"] or None,
        kind=filters.choice("kind", KINDS),
        linked=LINKED[linked] if linked else None,
    )
