"""The shapes of events and of the feed in the API."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from fusion.kernel.fields import Cursor
from fusion.kernel.pagination import DEFAULT_LIMIT, MAX_LIMIT


class EventDocument(BaseModel):
    """A CloudEvents 1.0 event; `data` is the object as the API returns it."""

    specversion: str
    id: str
    source: str
    type: str
    subject: str
    time: str
    datacontenttype: str
    groupid: UUID
    subscriptionid: UUID | None
    actor: str
    data: dict[str, Any]


class Feed(BaseModel):
    """Events in commit order; `next` is the cursor for the next request and is never null."""

    items: list[EventDocument]
    next: str


class FeedPosition(BaseModel):
    """The position in the feed; defaults to the beginning."""

    after: Cursor | None = Field(
        default=None, description="The `next` value of a previous response."
    )
    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=MAX_LIMIT)
