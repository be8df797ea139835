"""The users of a subscription: the list, and a single user."""

from uuid import UUID

import orjson
from django.http import HttpResponse

from fusion.access.permissions import READ_PROVISIONING
from fusion.portal.forms import Confirmation
from fusion.portal.page import ROWS, page
from fusion.portal.query_params import query_params
from fusion.portal.responses import show
from fusion.portal.session_actor import PageRequest
from fusion.portal.subscriptions.frame import frame
from fusion.tenancy.models import Subscription
from fusion.tenancy.queries import find_subscription
from fusion.users.queries import find_user, list_users, user_document

KINDS = ("user", "resource_account")
LINKED = {"yes": True, "no": False}


@page(READ_PROVISIONING, subscription_id=find_subscription)
def users(request: PageRequest, subscription: Subscription) -> HttpResponse:
    """`GET /subscriptions/<id>/users`."""
    params = query_params(request, "q", "kind", "linked")
    text = list_users(
        subscription.id,
        limit=ROWS,
        cursor=request.GET.get("cursor"),
        q=params["q"] or None,
        kind=params["kind"] if params["kind"] in KINDS else None,
        linked=LINKED.get(params["linked"]),
    )
    found = orjson.loads(text)
    context = {
        **frame(request, subscription, "users"),
        "rows": found["items"],
        "next": found["next"],
        "params": params,
        "filtered": any(params.values()),
    }
    return show(request, "portal/subscriptions/users.html", context, parts=("list", "more"))


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
