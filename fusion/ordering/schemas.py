"""Shapes of orders on the wire."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    BaseModel,
    Field,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
    field_validator,
)

from fusion.access.actor import Actor
from fusion.kernel.fields import Body, Code, Id, Instant, Key, Note, Reference, ends
from fusion.kernel.fields import Line as LineOfText
from fusion.kernel.pagination import MAX_BIGINT, MAX_INT
from fusion.kernel.quantities import MAX_BALANCE, MAX_BATCH, MAX_LINES, MAX_QUANTITY
from fusion.kernel.schemas import Listing, ProblemDocument
from fusion.ordering.origin import Origin
from fusion.ordering.place import Draft, Line
from fusion.tenancy.queries import find_subscription_by_reference
from fusion.tenancy.schemas import Reason

Action = Literal["add", "remove", "set"]
State = Literal["scheduled", "completed", "failed", "cancelled"]
Kind = Literal["change", "reversal", "expiry", "repair", "suspension", "resumption", "termination"]


NAMES = ("product_id", "product_code", "product_external_reference")


class LineBody(Body):
    """Add or remove a quantity of one product, or set the quantity held.

    Name the product by one of its id, code and external reference.
    """

    product_code: Code | None = None
    product_external_reference: Reference | None = None
    product_id: Annotated[Id | None, Field(validate_default=True)] = None
    action: Action = "add"
    quantity: Annotated[int, Field(strict=True, ge=0, le=MAX_BALANCE)] = Field(
        description=f"1 to {MAX_QUANTITY:,} to add or remove; 0 or more to set."
    )
    revision: Annotated[int | None, Field(strict=True, ge=1, le=MAX_INT)] = Field(
        default=None, description="Only for `remove`: take units of this revision only."
    )
    expected_quantity: Annotated[int | None, Field(strict=True, ge=0, le=MAX_BALANCE)] = Field(
        default=None,
        description="Refuse the order with `quantity-changed` unless the subscription holds this"
        " quantity of the product before the order; of `revision`, if the line names one.",
    )
    external_reference: Reference | None = None

    @field_validator("product_id")
    @classmethod
    def _is_named_once(cls, id: UUID | None, others: ValidationInfo) -> UUID | None:
        names = [id, *(others.data.get(name) for name in NAMES[1:])]
        count = sum(name is not None for name in names)
        if count == 0 and others.data.keys() >= set(NAMES[1:]):
            raise ValueError("is required, or else product_code or product_external_reference")
        if count > 1:
            raise ValueError(f"name the product once, by one of {', '.join(NAMES)}")
        return id

    @field_validator("quantity")
    @classmethod
    def _is_in_range(cls, quantity: int, others: ValidationInfo) -> int:
        if others.data.get("action") != "set" and quantity < 1:
            raise ValueError("must be 1 or more")
        if others.data.get("action") != "set" and quantity > MAX_QUANTITY:
            raise ValueError(f"must be {MAX_QUANTITY} or less")
        return quantity

    @field_validator("revision")
    @classmethod
    def _is_of_a_removal(cls, revision: int | None, others: ValidationInfo) -> int | None:
        if revision is not None and others.data.get("action") not in (None, "remove"):
            raise ValueError("is only for lines that remove")
        return revision

    def line(self) -> Line:
        """The line for the verb."""
        return Line(**self.model_dump())


def _distinct(value: Any, read: ValidatorFunctionWrapHandler) -> Any:
    cleaned = read(value)
    if len(cleaned) < len(value):
        raise ValueError("has two keys that are equal without surrounding spaces and such")
    return cleaned


Metadata = Annotated[
    dict[Annotated[str, LineOfText(1, 40)], Annotated[str, LineOfText(0, 500)]],
    Field(max_length=20),
    WrapValidator(_distinct),
]
"""The caller's own keys and texts."""


def require_one_name(id: UUID | None, others: ValidationInfo) -> UUID | None:
    """The subscription's id, if the body names the subscription once; ValueError."""
    other = "subscription_external_reference"
    if other in others.data and (id is None) == (others.data[other] is None):
        if id is None:
            raise ValueError(f"is required, or else {other}")
        raise ValueError(f"name the subscription once, by subscription_id or {other}")
    return id


class OrderBody(Body):
    """An order for one subscription. Without `effective_at`, or if that is past, it takes effect
    immediately.

    Name the subscription by its id, or by the external reference that your organization set.
    """

    subscription_external_reference: Reference | None = None
    subscription_id: Annotated[Id | None, Field(validate_default=True)] = None
    external_reference: Reference | None = None
    effective_at: Instant | None = Field(
        default=None,
        description="With an offset, at most five years ahead, or past by at most the provider's "
        "`order_grace_hours`.",
    )
    ends_at: Instant | None = Field(
        default=None,
        description="When what the order adds is taken back, later than `effective_at`, at most "
        "five years ahead. Only for orders whose lines all add.",
    )
    charge_from: Instant | None = Field(
        default=None,
        description="From when the order is charged, at most 400 days before or after it takes "
        "effect. It changes nothing but what history reports.",
    )
    note: Note | None = None
    metadata: Metadata | None = Field(
        default=None,
        description="Up to 20 keys of at most 40 characters, with texts of at most 500.",
    )
    lines: Annotated[list[LineBody], Field(min_length=1, max_length=MAX_LINES)]

    @field_validator("subscription_id")
    @classmethod
    def _is_named_once(cls, id: UUID | None, others: ValidationInfo) -> UUID | None:
        return require_one_name(id, others)

    def draft(self, actor: Actor) -> Draft:
        """The order to be placed; Problem `not-found` for an unknown reference."""
        id, reference = self.subscription_id, self.subscription_external_reference
        if id is None:
            id = find_subscription_by_reference(actor, reference or "").id
        return self.draft_for(id)

    def draft_for(self, subscription_id: UUID) -> Draft:
        """The order for this subscription."""
        return Draft(
            subscription_id=subscription_id,
            external_reference=self.external_reference,
            effective_at=self.effective_at,
            note=self.note,
            metadata=self.metadata,
            ends_at=self.ends_at,
            charge_from=self.charge_from,
            lines=tuple(line.line() for line in self.lines),
        )


class BatchItemBody(OrderBody):
    """An order of a batch: an order and, where wanted, its own idempotency key."""

    idempotency_key: Key | None = None


AnyOrder = Annotated[
    Any,
    WithJsonSchema(
        {
            "type": "object",
            "description": "The body of POST /orders, and an optional `idempotency_key`.",
        }
    ),
]


class BatchBody(Body):
    """Up to 1,000 orders. A malformed order is refused alone, so any value is accepted here."""

    orders: Annotated[list[AnyOrder], Field(min_length=1, max_length=MAX_BATCH)]


class Taken(BaseModel):
    """How many units of one revision a removal took."""

    revision: int
    quantity: int


class LineDocument(BaseModel):
    """An order line. `taken` lists the revisions of the units that it took.

    `revision` is what was added; of a removal, the revision that was named. A completed `set` has
    the quantities held before and after the order; other lines have null.
    """

    product_id: UUID
    product_code: str
    revision: int | None
    action: Action
    quantity: int
    taken: list[Taken] | None
    quantity_before: int | None
    quantity_after: int | None
    short: int | None = Field(description="Units that an expiry no longer found.")
    expected_quantity: int | None
    external_reference: str | None


class HeldOfProduct(BaseModel):
    """How much of one product a subscription holds."""

    product_id: UUID
    product_code: str
    held: int


class Unchanged(BaseModel):
    """All lines set the quantity that is already held; nothing was stored.

    `held` is the quantity of the one product. For several products it is null, and `holdings` lists
    them.
    """

    unchanged: Literal[True]
    held: int | None
    holdings: list[HeldOfProduct] | None = None


class Change(BaseModel):
    """The net change of the granted quantity of one SKU."""

    sku: str
    granted_delta: int


class Failure(BaseModel, extra="allow"):
    """Why a scheduled order failed, or a warning, in the form of a problem."""

    code: str
    detail: str


class Seen(BaseModel):
    """Who marked a failed order as seen, and when."""

    by: str
    at: str


class OrderDocument(BaseModel):
    """An order."""

    id: UUID
    number: int
    kind: Kind
    state: State
    subscription_id: UUID
    external_reference: str | None
    placed_by: str
    origin: Origin
    placed_at: str
    effective_at: str | None
    completed_at: str | None
    charge_from: str | None
    reverses: UUID | None = Field(description="The order that this reversal takes back.")
    reversed_by: UUID | None = Field(description="The reversal of this order, if there is one.")
    ends_at: str | None
    expired_by: UUID | None = Field(description="The order of kind `expiry` that ends this one.")
    expires: UUID | None = Field(description="The order that this expiry ends.")
    overdue: bool = Field(description="An expiry that waits until nothing of it is in use.")
    failure: Failure | None
    seen: Seen | None = Field(description="Who of the provider marked the failure as seen.")
    reason: Reason | None
    note: str | None
    metadata: dict[str, str]
    warnings: list[Failure]
    lines: list[LineDocument]
    changes: list[Change]


class BatchResult(BaseModel):
    """The result of one order of a batch: its document, a problem, or what `Unchanged` has."""

    status: int
    order: OrderDocument | None = None
    unchanged: Literal[True] | None = None
    held: int | None = None
    holdings: list[HeldOfProduct] | None = None
    problem: ProblemDocument | None = None
    replayed: bool | None = None


class BatchDocument(BaseModel):
    """One result per order, in the same order."""

    results: list[BatchResult]


class OrderFilter(Listing):
    """Filters for the list of orders."""

    subscription_id: Id | None = None
    organization_id: Id | None = None
    state: State | None = None
    kind: Kind | None = None
    seen: bool | None = Field(
        default=None, description="Only failed orders: those marked as seen, or the others."
    )
    external_reference: Reference | None = None
    line_external_reference: Reference | None = Field(
        default=None, description="Orders with a line that has this reference."
    )
    number: Annotated[int | None, Field(ge=1, le=MAX_BIGINT)] = None
    origin: Origin | None = None
    placed_from: Instant | None = Field(default=None, description="Inclusive.")
    placed_to: Annotated[Instant | None, ends("placed_from")] = Field(
        default=None, description="Exclusive."
    )
    completed_from: Instant | None = Field(default=None, description="Inclusive.")
    completed_to: Annotated[Instant | None, ends("completed_from")] = Field(
        default=None, description="Exclusive."
    )


class HoldingDocument(BaseModel):
    """How many units of one product revision a subscription holds."""

    product_id: UUID
    product_code: str
    product_name: str
    revision: int
    quantity: int
