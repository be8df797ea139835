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
from fusion.kernel.schemas import Listing, Paging
from fusion.kernel.text import clean_signalling
from fusion.trunks.rules import COUNTRIES, is_country

Direction = Literal["inbound", "outbound"]

MAX_CALL_ID = 255

DAYS_SHOWN = 31
"""The longest period of hourly peaks that a request may read, in days."""

FIRST = datetime.min.replace(tzinfo=UTC)
"""The first instant that Python can represent."""


def _known_country(code: str) -> str:
    if not is_country(code):
        raise ValueError("must be an ISO 3166 country code: two capital letters")
    return code


Country = Annotated[
    str,
    Spelled("[A-Z]{2}", "must be an ISO 3166 country code: two capital letters"),
    AfterValidator(_known_country),
    Field(examples=["BE"], json_schema_extra={"enum": sorted(COUNTRIES)}),
]
Cap = Annotated[int, Field(strict=True, ge=0, le=MAX_QUANTITY)]
CallsPerSecond = Annotated[int, Field(strict=True, ge=1, le=1000)]
Prefix = Annotated[str, Spelled("[0-9*#]{1,4}", "must be 1 to 4 digits, * or #")]


def distinct(texts: list[str]) -> list[str]:
    """The texts; ValueError with the first that occurs twice."""
    for text in texts:
        if texts.count(text) > 1:
            raise ValueError(f"must not contain {text} twice")
    return texts


Prefixes = Annotated[
    list[Prefix],
    AfterValidator(distinct),
    Field(
        max_length=5,
        examples=[["0"]],
        description="What the users of the trunk dial for an outside line. With `0`, a call to "
        "0112 is a call to 112.",
    ),
]
MAX_PARTY = 65_535
"""Characters of a caller or callee that are read: more than a SIP message has. Only emergency calls
may have more than the documented 255: see `calls.sql`."""


class TrunkBody(Body):
    """A new SIP trunk."""

    name: Name
    country: Country = Field(
        description="Calls to this country's emergency numbers are always admitted."
    )
    channel_cap: Cap | None = Field(
        default=None,
        description="The maximum of simultaneous calls; null means one per ordered channel.",
    )
    outside_line_prefixes: Prefixes = Field(default_factory=list)
    calls_per_second: CallsPerSecond | None = Field(
        default=None,
        description="The maximum of calls that begin within a second; null means no limit.",
    )


class TrunkPatch(Body):
    """The fields to change; omitted fields keep their values. A null limit removes the limit."""

    name: Name = Field(default_factory=str)
    channel_cap: Cap | None = None
    outside_line_prefixes: Prefixes = Field(default_factory=list)
    calls_per_second: CallsPerSecond | None = None


class TrunkDocument(BaseModel):
    """A SIP trunk; `numbers` counts the numbers routed to it."""

    id: UUID
    subscription_id: UUID
    name: str
    country: str
    channel_cap: int | None
    outside_line_prefixes: list[str]
    calls_per_second: int | None
    numbers: int
    created_at: str


class CallBody(Body):
    """The caller and the callee: numbers or SIP URIs, as the proxy has them.

    Only those of an emergency call may be longer than 255 characters. They are then stored
    shortened, and the response says so. An emergency call also passes if everything else in the
    request is malformed.
    """

    caller: Annotated[str, Line(0, MAX_PARTY, clean_signalling, shown=255)] = Field(
        examples=["+3225550100"]
    )
    callee: Annotated[str, Line(1, MAX_PARTY, clean_signalling, shown=255)] = Field(
        examples=["+3225550199"]
    )
    replaces: Annotated[str, Line(1, MAX_PARTY, shown=MAX_CALL_ID)] | None = Field(
        default=None,
        description="The id of a live call of the subscription that this one replaces, as in an "
        "attended transfer. They use one channel until one of them ends. Without such a call this "
        "one is decided like any other.",
    )


class CallAnswer(BaseModel):
    """A call that may continue until its lease expires; repeat the request to renew it.

    `in_use` includes this call. It can exceed `channels` after a reduction or with emergency calls.
    `emergency_callback`: admitted above a limit, because an emergency call was made from there.
    """

    in_use: int
    channels: int
    lease_expires_at: str
    emergency: bool
    emergency_callback: bool
    shortened: bool = Field(
        default=False,
        description="Only for an emergency call: the caller or callee was longer than 255 "
        "characters, and is stored shortened.",
    )
    malformed: list[str] = Field(
        default_factory=list,
        description="Only for an emergency call: the missing, malformed and unknown parts of the "
        "request. The readable part of a caller is stored, the rest is ignored.",
    )


class CallDocument(BaseModel):
    """A live call."""

    trunk_id: UUID
    direction: Direction
    call_id: str
    subscription_id: UUID
    caller: str
    callee: str
    emergency: bool
    emergency_callback: bool
    replaces: str | None
    admitted_at: str
    lease_expires_at: str


class CallFilter(Listing):
    """Filters for the list of live calls."""

    subscription_id: Id | None = None
    trunk_id: Id | None = None


class Period(BaseModel):
    """From an instant (included) to another (not included)."""

    from_: Instant | None = Field(default=None, alias="from")
    to: Annotated[Instant | None, ends("from_", "from")] = None


class Hours(Period):
    """The period of the hours: by default the last day, at most 31 days."""

    def bounds(self) -> tuple[datetime, datetime]:
        """Start and end; Problem `invalid-fields` if it is too long or ends before it starts."""
        until = self.to or now()
        since = self.from_ or until - min(timedelta(days=1), until - FIRST)
        if not timedelta(0) <= until - since <= timedelta(days=DAYS_SHOWN):
            raise InvalidFields(
                **{
                    "from": f"must be at most {DAYS_SHOWN} days before `to` ({instant(until)}) and "
                    f"not after it; it is {instant(since)}"
                }
            )
        return since, until


class TrunkUse(BaseModel):
    """The live calls on a trunk."""

    trunk_id: UUID
    name: str
    channel_cap: int | None
    in_use: int


class TrunkPeak(BaseModel):
    """The peak of simultaneous calls on a trunk in an hour."""

    trunk_id: UUID
    peak: int


class HourlyPeak(BaseModel):
    """The peak of simultaneous calls in an hour; `hour` is its start."""

    hour: str
    peak: int
    trunks: list[TrunkPeak]


class ChannelUse(BaseModel):
    """Channels ordered and in use now, and the peak of each hour with calls."""

    subscription_id: UUID
    channels: int
    in_use: int
    trunks: list[TrunkUse]
    hours: list[HourlyPeak]


class RecordFilter(Period, Paging):
    """Filters for call records: calls that ended in a period."""

    subscription_id: Id | None = None
    trunk_id: Id | None = None
    format: Literal["json", "csv", "xlsx"] | None = Field(
        default=None,
        description="Streams the whole period, oldest first, instead of returning a page.",
    )


class RecordDocument(BaseModel):
    """An ended call. `duration_seconds` counts from its admission."""

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
    emergency_callback: bool
