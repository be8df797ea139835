"""Shapes of what leaves for the billing platform."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from fusion.kernel.fields import Text
from fusion.kernel.pagination import DEFAULT_LIMIT, MAX_LIMIT


class EventDocument(BaseModel):
    """A CloudEvents 1.0 event; `data` is the object as the API shows it."""

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
    """Events in the order of their commits; `next` is the cursor to go on from, never null."""

    items: list[EventDocument]
    next: str


class FeedPosition(BaseModel):
    """Where to go on; from the beginning, where it is left out."""

    after: Text | None = Field(default=None, description="`next` of a former answer.")
    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=MAX_LIMIT)
