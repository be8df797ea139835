"""Shapes of ranges and numbers on the wire."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    model_validator,
)

from fusion.catalogue.models import NumberType
from fusion.kernel.fields import Body, Code, Id, Instant, Spelled
from fusion.kernel.schemas import Paging
from fusion.numbers.queries import Wanted
from fusion.numbers.rules import MAX_NUMBERS, MAX_RESERVATION_DAYS

A_NUMBER = Spelled(
    r"\+[1-9][0-9]{6,14}", "must be a phone number with its plus sign, such as +3225551234"
)
E164 = Annotated[str, A_NUMBER, Field(examples=["+3225551234"])]

Status = Literal["free", "reserved", "assigned", "quarantined"]


def require_distinct(numbers: list[str]) -> list[str]:
    """The numbers; ValueError if one of them is repeated."""
    if len(set(numbers)) < len(numbers):
        raise ValueError("must not contain the same number twice")
    return numbers


E164s = Annotated[
    list[E164],
    Field(min_length=1, max_length=MAX_NUMBERS, json_schema_extra={"uniqueItems": True}),
    AfterValidator(require_distinct),
]


def _without_plus(text: object) -> object:
    """In a query a plus sign that was not encoded is a space."""
    return text[1:] if isinstance(text, str) and text[:1] in ("+", " ") else text


DIGITS = Spelled("[0-9]{1,15}", "must be 1 to 15 digits")
StartsWith = Annotated[str, DIGITS, BeforeValidator(_without_plus), Field(examples=["322555"])]
EndsWith = Annotated[str, DIGITS, Field(examples=["1234"])]


class RangeBody(Body):
    """A new range: consecutive numbers of one entitlement SKU, from `first` to `last` inclusive."""

    sku: Code = Field(description="The SKU's code.")
    first: E164
    last: E164


class RangeDocument(BaseModel):
    """A number range."""

    id: UUID
    sku: str
    first: str
    last: str
    count: int
    created_at: str


class NumberDocument(BaseModel):
    """A phone number.

    `subscription_id` is the current subscription, or the previous one if `quarantined`. `until` is
    the end of a reservation or quarantine.
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


class Numbers(BaseModel):
    """The assigned, reserved or ported numbers, sorted by number."""

    items: list[NumberDocument]


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

    numbers: E164s | None = None
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
    """Numbers from another operator. Country and type determine their SKU."""

    numbers: E164s
    sku: Code | None = Field(
        default=None, description="The SKU's code; required only if several SKUs match."
    )


class NumberFilter(Paging):
    """Filters for the list of numbers."""

    sku: Code | None = Field(default=None, description="The SKU's code.")
    status: Status | None = None
    subscription_id: Id | None = None
    starts_with: StartsWith | None = Field(default=None, description="With or without a plus sign.")
    ends_with: EndsWith | None = None

    def wanted(self) -> Wanted:
        """For the query."""
        return Wanted(**self.model_dump(exclude={"limit", "cursor"}))


class OwnNumberFilter(Paging):
    """Filters for the numbers of one subscription."""

    sku: Code | None = Field(default=None, description="The SKU's code.")
    status: Status | None = None
    starts_with: StartsWith | None = Field(default=None, description="With or without a plus sign.")
    ends_with: EndsWith | None = None

    def wanted(self, subscription_id: UUID) -> Wanted:
        """For the query."""
        filters = self.model_dump(exclude={"limit", "cursor"})
        return Wanted(subscription_id=subscription_id, **filters)
