"""The route of the feed."""

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from fusion.access.http_auth import Door, actor_of
from fusion.access.permissions import READ_EVENTS
from fusion.events.feed import read_feed
from fusion.events.schemas import Feed, FeedPosition
from fusion.kernel.http import json_response
from fusion.kernel.schemas import READ_PROBLEMS

router = Router(tags=["events"])


@router.get("/events", auth=Door(READ_EVENTS), response={200: Feed, **READ_PROBLEMS})
def events(request: HttpRequest, asked: Query[FeedPosition]) -> HttpResponse:
    """List the events in your subtree after a cursor.

    Keep calling with the `next` value of the previous response.
    """
    return json_response(read_feed(actor_of(request), after=asked.after, limit=asked.limit))
