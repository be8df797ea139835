"""Shapes of orders on the wire."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field, WithJsonSchema

from fusion.kernel.fields import Body, Id, Instant, Key, Quantity, Reference, ends
from fusion.kernel.quantities import MAX_BATCH, MAX_LINES
from fusion.kernel.schemas import Listing, ProblemDocument
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
    """An order for one subscription. Without `effective_at` it takes effect immediately."""

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
    """An order line. If it removes units, `revision` is null and `taken` lists the revisions."""

    product_id: UUID
    product_code: str
    revision: int | None
    action: Action
    quantity: int
    taken: list[Taken] | None


class Change(BaseModel):
    """The net change of the granted quantity of one SKU."""

    sku: str
    granted_delta: int


class Failure(BaseModel, extra="allow"):
    """Why a scheduled order failed, or a warning, in the form of a problem."""

    code: str
    detail: str


class OrderDocument(BaseModel):
    """An order."""

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
    """One balance before and after the order."""

    sku: str
    granted_before: int
    granted_after: int
    used: int


class Preview(BaseModel):
    """The result of placing the order now. A refusal has `code`, `detail` and quantities."""

    allowed: bool
    balances: list[PreviewBalance]
    refusals: list[dict[str, Any]]


class BatchResult(BaseModel):
    """The result of one order of a batch."""

    status: int
    order: OrderDocument | None = None
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
    external_reference: Reference | None = None
    placed_from: Instant | None = Field(default=None, description="Inclusive.")
    placed_to: Annotated[Instant | None, ends("placed_from")] = Field(
        default=None, description="Exclusive."
    )


class HoldingDocument(BaseModel):
    """How many units of one product revision a subscription holds."""

    product_id: UUID
    product_code: str
    product_name: str
    revision: int
    quantity: int
