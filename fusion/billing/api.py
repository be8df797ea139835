"""Routes of the change feed."""

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from fusion.billing.feed import read_feed
from fusion.billing.schemas import Feed, FeedPosition
from fusion.kernel.http import json_response
from fusion.kernel.schemas import READ_PROBLEMS
from fusion.tenancy.guard import Door, actor_of
from fusion.tenancy.permissions import READ_EVENTS

router = Router(tags=["events"])


@router.get("/events", auth=Door(READ_EVENTS), response={200: Feed, **READ_PROBLEMS})
def events(request: HttpRequest, asked: Query[FeedPosition]) -> HttpResponse:
    """What has happened in your subtree after a cursor. Call again with `next`, for ever."""
    return json_response(read_feed(actor_of(request), after=asked.after, limit=asked.limit))
