"""Shapes of ranges and numbers on the wire."""

from collections.abc import Callable
from typing import Annotated, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    ValidationInfo,
    model_validator,
)

from fusion.catalogue.models import NumberType
from fusion.kernel.fields import Body, Code, Id, Instant, Reason
from fusion.kernel.schemas import Listing
from fusion.numbers.parse import depends_on_country, parse_number, parse_prefix, parse_suffix
from fusion.numbers.paths import A_DIGIT
from fusion.numbers.queries import Wanted
from fusion.numbers.resolve import find_twice, resolve_prefix, resolve_suffix
from fusion.numbers.rules import MAX_NUMBERS, MAX_PORT_DAYS, MAX_RESERVATION_DAYS
from fusion.numbers.written import CountryNeeded


def _written(text: str, info: ValidationInfo) -> str:
    """In E.164; a number without a country code is left to `resolve.py`, which knows the country.

    If the context of the validation has a `country`, it returns that country.
    """
    if not depends_on_country(text):
        return parse_number(text)
    country = (info.context or {}).get("country")
    return text if country is None else parse_number(text, country=country())


WrittenNumber = Annotated[
    str,
    AfterValidator(_written),
    Field(
        examples=["+3225551234"],
        json_schema_extra={"pattern": A_DIGIT},
        description="A phone number as people write it. Without a country code it is a number of "
        "the organization's country.",
    ),
]

ACCEPT = (
    "Accept numbers that are not known as numbers of the SKU's country and type, because the "
    "provider has them."
)

Status = Literal["free", "reserved", "assigned", "quarantined", "ported_out"]


def require_distinct(numbers: list[str]) -> list[str]:
    """The numbers; ValueError if one of them is repeated."""
    twice = find_twice(numbers)
    if twice is not None:
        raise ValueError(twice)
    return numbers


WrittenNumbers = Annotated[
    list[WrittenNumber],
    Field(min_length=1, max_length=MAX_NUMBERS, json_schema_extra={"uniqueItems": True}),
    AfterValidator(require_distinct),
]


def _prefix(text: str) -> str:
    """Digits; a national prefix is left to `Searching.wanted`, which knows the country."""
    try:
        return parse_prefix(text)
    except CountryNeeded:
        return text


StartsWith = Annotated[
    str,
    AfterValidator(_prefix),
    Field(
        examples=["+32 2 555"],
        json_schema_extra={"pattern": A_DIGIT},
        description="The beginning of a number as people write it; the plus sign may be missing.",
    ),
]
EndsWith = Annotated[
    str,
    AfterValidator(parse_suffix),
    Field(
        examples=["1234"],
        json_schema_extra={"pattern": A_DIGIT},
        description="The end of a number, or a whole number as people write it.",
    ),
]


PortDate = Annotated[
    Instant,
    Field(description=f"With an offset, in the future, at most {MAX_PORT_DAYS} days ahead."),
]


class RangeBody(Body):
    """A new range: consecutive numbers of one entitlement SKU, from `first` to `last` inclusive."""

    sku: Code = Field(description="The SKU's code.")
    first: WrittenNumber
    last: WrittenNumber
    accept_unknown: bool = Field(default=False, description=ACCEPT)
    reason: Reason | None = Field(default=None, description="Why; with `accept_unknown`.")


class RangeChanges(Body):
    """What changes of a range; omitted members stay. All numbers that change must be free."""

    sku: Code = Field(default="", description="The SKU's code.")
    first: WrittenNumber = ""
    last: WrittenNumber = ""
    accept_unknown: bool = Field(
        default=False, description=f"{ACCEPT} False takes back a former acceptance."
    )
    reason: Reason | None = Field(default=None, description="Why; with `accept_unknown`.")


class Overlap(BaseModel):
    """Shorter or longer numbers of the inventory: one begins with the other."""

    detail: str
    first: str
    last: str


class RangeDocument(BaseModel):
    """A number range; `accept_unknown` if its numbers were accepted for the given `reason`."""

    id: UUID
    sku: str
    first: str
    last: str
    count: int
    accept_unknown: bool
    reason: str | None
    created_at: str


class WrittenRange(RangeDocument):
    """A new or changed range.

    `skipped` are the numbers between its ends that were ported in, and do not belong to it.
    """

    skipped: list[str]
    warnings: list[Overlap]


class NumberDocument(BaseModel):
    """A phone number; `accepted` if the provider accepted it without knowledge of its kind.

    `subscription_id` is the current subscription, or the previous one if `quarantined`. `until` is
    the end of a reservation or quarantine. `port_request_id` is the approved port request that
    ports the number in or out on its date.
    """

    e164: str
    sku: str
    country: str
    number_type: NumberType
    status: Status
    origin: Literal["inventory", "ported"]
    subscription_id: UUID | None
    user_id: UUID | None
    trunk_id: UUID | None
    until: str | None
    accepted: bool
    port_request_id: UUID | None


class Numbers(BaseModel):
    """The assigned, reserved or ported numbers, sorted by number."""

    items: list[NumberDocument]


class PortedNumbers(Numbers):
    """The ported numbers. The group is warned of its shorter and longer numbers."""

    warnings: list[Overlap]


class FreeCount(BaseModel):
    """How many numbers of a SKU are free; `more` is true above 10,000."""

    sku: str
    country: str
    number_type: NumberType
    free: int
    more: bool


_NULL: dict[str, JsonValue] = {"type": "null"}
_NAMED: dict[str, JsonValue] = {
    "required": ["numbers"],
    "properties": {
        "numbers": {"type": "array"},
        "sku": _NULL,
        "quantity": _NULL,
        "contiguous": {"const": False},
    },
}
_NEXT_FREE: dict[str, JsonValue] = {
    "required": ["sku", "quantity"],
    "properties": {
        "numbers": _NULL,
        "sku": {"type": "string", "pattern": "."},
        "quantity": {"type": "integer"},
    },
}
_WHICH: JsonValue = {"anyOf": [_NAMED, _NEXT_FREE]}
_UNTIL: JsonValue = {
    "anyOf": [
        {"properties": {"until": _NULL, "status": {"const": "assigned"}}},
        {
            "required": ["status", "until"],
            "properties": {
                "until": {"type": "string", "format": "date-time"},
                "status": {"const": "reserved"},
            },
        },
    ]
}
"""What the members of an assignment say together, for the OpenAPI document."""


class AssignmentBody(Body):
    """Either `numbers`, or `sku` and `quantity` for the next free numbers."""

    model_config = ConfigDict(json_schema_extra={"allOf": [_WHICH, _UNTIL]})

    numbers: WrittenNumbers | None = None
    sku: Code | None = Field(default=None, description="The SKU's code.")
    quantity: Annotated[int, Field(strict=True, ge=1, le=MAX_NUMBERS)] | None = None
    contiguous: bool = Field(default=False, description="Consecutive; with `quantity`.")
    status: Literal["assigned", "reserved"] = "assigned"
    until: Instant | None = Field(
        default=None,
        description="When the reservation expires: with an offset, in the future, at most "
        f"{MAX_RESERVATION_DAYS} days ahead.",
    )

    @model_validator(mode="after")
    def _one_way(self) -> "AssignmentBody":
        if self.numbers is not None:
            if self.sku is not None or self.quantity is not None or self.contiguous:
                raise ValueError(
                    "`numbers` cannot be combined with `sku`, `quantity` or `contiguous`"
                )
        elif self.sku is None or self.quantity is None:
            raise ValueError("requires either `numbers`, or `sku` and `quantity`")
        return self


class PortInBody(Body):
    """Numbers from another operator. Country and type determine the SKUs that match.

    Without `sku`, each number is of the first of these that the subscription has an entitlement
    left for.
    """

    numbers: WrittenNumbers
    sku: Code | None = Field(
        default=None, description="The SKU's code; required with `accept_unknown`."
    )
    accept_unknown: bool = Field(default=False, description=f"{ACCEPT} Only the group can.")
    reason: Reason | None = Field(default=None, description="Why; with `accept_unknown`.")
    effective_at: PortDate | None = Field(
        default=None, description="When to port them; omitted: immediately."
    )


class PortOutBody(Body):
    """Options of a port out, and the body itself is optional."""

    effective_at: PortDate | None = Field(
        default=None, description="When to port it; omitted: immediately."
    )


class RestockBody(Body):
    """Why the quarantine ends early; kept in the audit trail."""

    reason: Reason


class Searching(Listing):
    """Filters for the numbers of one subscription, or of all."""

    sku: Code | None = Field(default=None, description="The SKU's code.")
    status: Status | None = None
    starts_with: StartsWith | None = None
    ends_with: EndsWith | None = None

    def wanted(
        self, country: Callable[[], str | None], subscription_id: UUID | None = None
    ) -> Wanted:
        """For the query; `country` is called for digits that may be in the form of a country."""
        starts, ends = self.starts_with, self.ends_with
        if starts is not None:
            starts = resolve_prefix(starts, country, field="starts_with")
        if ends is not None:
            ends = resolve_suffix(ends, country)
        return Wanted(
            sku=self.sku,
            status=self.status,
            subscription_id=subscription_id,
            starts_with=starts,
            ends_with=ends,
        )


class NumberFilter(Searching):
    """Filters for the list of numbers."""

    subscription_id: Id | None = None


class OwnNumberFilter(Searching):
    """Filters for the numbers of one subscription."""
