"""Shapes of orders on the wire."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field, WithJsonSchema

from fusion.kernel.fields import Body, Id, Instant, Key, Quantity, Reference, ends
from fusion.kernel.quantities import MAX_BATCH, MAX_LINES
from fusion.kernel.schemas import Paging, ProblemDocument
from fusion.ordering.place import Draft, Line
from fusion.tenancy.schemas import Reason

Action = Literal["add", "remove"]
State = Literal["scheduled", "completed", "failed", "cancelled"]
Kind = Literal["change", "reversal", "expiry", "repair", "suspension", "resumption", "termination"]


class LineBody(Body):
    """Add or remove a quantity of one product."""

    product_id: Id
    action: Action = "add"
    quantity: Quantity


class OrderBody(Body):
    """An order of one subscription. Without `effective_at` it counts at once."""

    subscription_id: Id
    external_reference: Reference | None = None
    effective_at: Instant | None = Field(
        default=None, description="With an offset, in the future, at most five years ahead."
    )
    lines: Annotated[list[LineBody], Field(min_length=1, max_length=MAX_LINES)]

    def draft(self) -> Draft:
        """The order to be placed."""
        return Draft(
            subscription_id=self.subscription_id,
            external_reference=self.external_reference,
            effective_at=self.effective_at,
            lines=tuple(Line(line.product_id, line.quantity, line.action) for line in self.lines),
        )


class BatchItemBody(OrderBody):
    """An order of a batch: an order and, where wanted, its own idempotency key."""

    idempotency_key: Key | None = None


AnyOrder = Annotated[
    Any,
    WithJsonSchema({"type": "object", "description": "As POST /orders takes, `idempotency_key?`."}),
]


class BatchBody(Body):
    """Up to 1,000 orders. A malformed one is refused by itself, so any value may stand here."""

    orders: Annotated[list[AnyOrder], Field(min_length=1, max_length=MAX_BATCH)]


class Taken(BaseModel):
    """How many of one revision a removal took."""

    revision: int
    quantity: int


class LineDocument(BaseModel):
    """A line; `revision` is null and `taken` tells the revisions where it removes."""

    product_id: UUID
    product_code: str
    revision: int | None
    action: Action
    quantity: int
    taken: list[Taken] | None


class Change(BaseModel):
    """The net change of what is granted of one SKU."""

    sku: str
    granted_delta: int


class Failure(BaseModel, extra="allow"):
    """Why a scheduled order failed, or a warning: like the refusal that a caller would get."""

    code: str
    detail: str


class OrderDocument(BaseModel):
    """An order as the API shows it."""

    id: UUID
    number: int
    kind: Kind
    state: State
    subscription_id: UUID
    external_reference: str | None
    placed_by: str
    placed_at: str
    effective_at: str | None
    completed_at: str | None
    failure: Failure | None
    reason: Reason | None
    note: str | None
    warnings: list[Failure]
    lines: list[LineDocument]
    changes: list[Change]


class PreviewBalance(BaseModel):
    """One balance before the order and after."""

    sku: str
    granted_before: int
    granted_after: int
    used: int


class Preview(BaseModel):
    """What placing the order now would do. A refusal has a `code`, a `detail` and its numbers."""

    allowed: bool
    balances: list[PreviewBalance]
    refusals: list[dict[str, Any]]


class BatchResult(BaseModel):
    """What became of one order of a batch."""

    status: int
    order: OrderDocument | None = None
    problem: ProblemDocument | None = None
    replayed: bool | None = None


class BatchDocument(BaseModel):
    """One result per order, in their order."""

    results: list[BatchResult]


class OrderFilter(Paging):
    """Which orders are listed."""

    subscription_id: Id | None = None
    organization_id: Id | None = None
    state: State | None = None
    kind: Kind | None = None
    external_reference: Reference | None = None
    placed_from: Instant | None = Field(default=None, description="Inclusive.")
    placed_to: Annotated[Instant | None, ends("placed_from")] = Field(
        default=None, description="Exclusive."
    )


class HoldingDocument(BaseModel):
    """How many of one revision of a product a subscription has."""

    product_id: UUID
    product_code: str
    product_name: str
    revision: int
    quantity: int
