"""The route of the feed."""

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from fusion.access.http_auth import RequirePermission, actor_of
from fusion.access.permissions import READ_EVENTS
from fusion.events.feed import read_feed
from fusion.events.schemas import Feed, FeedPosition
from fusion.kernel.http import json_response
from fusion.kernel.schemas import READ_PROBLEMS

router = Router(tags=["events"])


@router.get("/events", auth=RequirePermission(READ_EVENTS), response={200: Feed, **READ_PROBLEMS})
def events(request: HttpRequest, params: Query[FeedPosition]) -> HttpResponse:
    """List the events in your subtree after a cursor.

    Keep calling with the `next` value of the previous response.
    """
    return json_response(read_feed(actor_of(request), after=params.after, limit=params.limit))
