"""Shapes of trunks, calls and call records on the wire."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
)

from fusion.kernel.clock import instant, now
from fusion.kernel.errors import InvalidFields
from fusion.kernel.fields import Body, Id, Instant, Line, Name, Spelled, ends
from fusion.kernel.quantities import MAX_QUANTITY
from fusion.kernel.schemas import Paging
from fusion.kernel.text import clean_signalling
from fusion.trunks.rules import COUNTRIES, is_country

Direction = Literal["inbound", "outbound"]

MAX_CALL_ID = 255

DAYS_SHOWN = 31
"""Days of peaks by hour that one request asks for at most."""

FIRST = datetime.min.replace(tzinfo=UTC)
"""The first instant that can be told."""


def _known_country(code: str) -> str:
    if not is_country(code):
        raise ValueError("must be a country as ISO 3166 has it: two capital letters")
    return code


Country = Annotated[
    str,
    Spelled("[A-Z]{2}", "must be a country as ISO 3166 has it: two capital letters"),
    AfterValidator(_known_country),
    Field(examples=["BE"], json_schema_extra={"enum": sorted(COUNTRIES)}),
]
Cap = Annotated[int, Field(strict=True, ge=0, le=MAX_QUANTITY)]
Party = Annotated[str, Line(0, 255, clean_signalling)]


class TrunkBody(Body):
    """A new SIP trunk."""

    name: Name
    country: Country = Field(description="Whose emergency numbers always pass.")
    channel_cap: Cap | None = Field(
        default=None, description="Calls at one time at most; null: as many as there are channels."
    )


class TrunkPatch(Body):
    """What changes of a trunk: what is left out stays, a cap of null is no cap."""

    name: Name = Field(default_factory=str)
    channel_cap: Cap | None = None


class TrunkDocument(BaseModel):
    """A trunk as the API shows it; `numbers` is how many are routed to it."""

    id: UUID
    subscription_id: UUID
    name: str
    country: str
    channel_cap: int | None
    numbers: int
    created_at: str


class CallBody(Body):
    """Who calls whom: numbers or SIP URIs, as the proxy has them."""

    caller: Party = Field(examples=["+3225550100"])
    callee: Annotated[str, Line(1, 255, clean_signalling)] = Field(examples=["+3225550199"])


class CallAnswer(BaseModel):
    """A call that may go on until its lease runs out; renew it before, by the same request.

    `in_use` counts this call; it may be more than `channels`, when those were reduced or by
    emergency calls.
    """

    in_use: int
    channels: int
    lease_expires_at: str
    emergency: bool


class CallDocument(BaseModel):
    """A live call."""

    trunk_id: UUID
    direction: Direction
    call_id: str
    subscription_id: UUID
    caller: str
    callee: str
    emergency: bool
    admitted_at: str
    lease_expires_at: str


class CallFilter(Paging):
    """Which live calls are listed."""

    subscription_id: Id | None = None
    trunk_id: Id | None = None


class Period(BaseModel):
    """From an instant (included) to another (not included)."""

    from_: Instant | None = Field(default=None, alias="from")
    to: Annotated[Instant | None, ends("from_", "from")] = None


class Hours(Period):
    """Which hours are shown: the last day, unless said otherwise; 31 days at most."""

    def bounds(self) -> tuple[datetime, datetime]:
        """From when until when; Problem `invalid-fields` where that is too long or no time."""
        until = self.to or now()
        since = self.from_ or until - min(timedelta(days=1), until - FIRST)
        if not timedelta(0) <= until - since <= timedelta(days=DAYS_SHOWN):
            raise InvalidFields(
                **{
                    "from": f"must be before to ({instant(until)}), by {DAYS_SHOWN} days at most; "
                    f"it is {instant(since)}"
                }
            )
        return since, until


class TrunkUse(BaseModel):
    """Calls that are live on a trunk now."""

    trunk_id: UUID
    name: str
    channel_cap: int | None
    in_use: int


class TrunkPeak(BaseModel):
    """The most calls at one time on a trunk in an hour."""

    trunk_id: UUID
    peak: int


class HourlyPeak(BaseModel):
    """The most calls at one time in an hour; `hour` is when it began."""

    hour: str
    peak: int
    trunks: list[TrunkPeak]


class ChannelUse(BaseModel):
    """Channels ordered and in use now, and the peak of each hour in which there was a call."""

    subscription_id: UUID
    channels: int
    in_use: int
    trunks: list[TrunkUse]
    hours: list[HourlyPeak]


class RecordFilter(Period, Paging):
    """Which call records are wanted: those of calls that ended in a period."""

    subscription_id: Id | None = None
    trunk_id: Id | None = None
    format: Literal["json", "csv"] | None = Field(
        default=None,
        description="The whole period in one streamed answer, oldest first, instead of a page.",
    )


class RecordDocument(BaseModel):
    """A call that is over. `duration_seconds` counts from its admission."""

    id: int
    subscription_id: UUID
    trunk_id: UUID
    direction: Direction
    call_id: str
    caller: str
    callee: str
    emergency: bool
    admitted_at: str
    ended_at: str
    duration_seconds: int
    reason: Literal["ended", "lapsed"]
