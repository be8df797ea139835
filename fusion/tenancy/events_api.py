"""The route of the feed: here, since its filters are organizations and subscriptions."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from fusion.access.http_auth import RequirePermission, actor_of
from fusion.access.permissions import READ_EVENTS
from fusion.events.feed import read_end, read_feed
from fusion.events.schemas import Feed, FeedFilter
from fusion.kernel.http import json_response
from fusion.kernel.schemas import READ_PROBLEMS
from fusion.tenancy.queries import find_organization, find_subscription

router = Router(tags=["events"])


@router.get(
    "/events",
    auth=RequirePermission(
        READ_EVENTS, subscription_id=find_subscription, organization_id=find_organization
    ),
    response={200: Feed, **READ_PROBLEMS},
)
def events(request: HttpRequest, params: Query[FeedFilter]) -> HttpResponse:
    """List the events in your subtree after a cursor, or from a start.

    Keep calling with the `next` value of the previous response and the same filters. A page may be
    empty although more events follow.
    """
    if params.from_ == "now":
        return json_response(read_end())
    since = params.from_ if isinstance(params.from_, datetime) else None
    wanted = params.wanted()
    page = read_feed(
        actor_of(request), after=params.after, limit=params.limit, wanted=wanted, since=since
    )
    return json_response(page)
