"""The shapes of events and of the feed in the API."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    ValidationInfo,
    WithJsonSchema,
)

from fusion.events.feed import EventFilter, check_types
from fusion.events.types import EVENT_TYPES, OBJECTS
from fusion.kernel.clock import instant, now, read_instant
from fusion.kernel.fields import Cursor, Id
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


def _read_start(value: object) -> object:
    if value in ("now", "beginning"):
        return value
    try:
        at = read_instant(value)
    except ValueError as error:
        wrong = str(error).removeprefix("must ")
        raise ValueError(f"must be now or beginning, or {wrong}") from None
    if at > now():
        raise ValueError(f"must not be in the future: it is {instant(now())}")
    return at


def _only_start(value: Any, others: ValidationInfo) -> Any:
    if value is not None and others.data.get("after") is not None:
        raise ValueError("does not go with after: a cursor is already a position")
    return value


Start = Annotated[Literal["now", "beginning"] | datetime, BeforeValidator(_read_start)]


WantedType = Annotated[
    str,
    WithJsonSchema(
        {"type": "string", "enum": sorted(EVENT_TYPES | {f"{noun}.*" for noun in OBJECTS})}
    ),
]


class FeedFilter(BaseModel):
    """The position in the feed, by default the beginning, and which events are wanted."""

    after: Cursor | None = Field(
        default=None, description="The `next` value of a previous response."
    )
    from_: Annotated[Start | None, AfterValidator(_only_start)] = Field(
        default=None,
        alias="from",
        description="Where to start without `after`: `now`, `beginning`, or an instant. From an "
        "instant, a few earlier events may come too.",
    )
    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=MAX_LIMIT)
    type: Annotated[list[WantedType], AfterValidator(check_types)] = Field(
        default=[],
        max_length=100,
        description="Only events of these types. May repeat; `order.*` means all of orders.",
    )
    subscription_id: Id | None = Field(default=None, description="Only of this subscription.")
    organization_id: Id | None = Field(
        default=None, description="Only of this organization and those that were below it."
    )

    def wanted(self) -> EventFilter:
        """The filters."""
        return EventFilter(
            types=frozenset(self.type),
            subscription_id=self.subscription_id,
            organization_id=self.organization_id,
        )
