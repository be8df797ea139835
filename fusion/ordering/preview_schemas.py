"""Shapes of the answers to previews on the wire."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from fusion.kernel.schemas import ProblemDocument
from fusion.ordering.schemas import Failure, Kind


class EffectOnBalance(BaseModel):
    """One balance before and after the order; `used` is that of now."""

    sku: str
    granted_before: int
    granted_after: int
    used: int


class PreviewBalance(EffectOnBalance):
    """One balance before and after the order."""

    granted_after_pending: int | None = Field(
        default=None,
        description="Where something is scheduled: once that has been carried out too; null if "
        "something of it could not be.",
    )


class PreviewHolding(BaseModel):
    """How much of a product is held before and after the order; null after a refused one."""

    product_id: UUID
    product_code: str
    held_before: int
    held_after: int | None


class CountedOrder(BaseModel):
    """A scheduled order that is due before the date of a preview.

    One of the same batch, or the end of one, has no id and number yet but an `index`.
    """

    order_id: UUID | None
    number: int | None
    kind: Kind
    effective_at: str | None
    index: int | None = Field(description="The place in `orders` of the batch, from 0.")


class UncertainOrder(CountedOrder):
    """The first scheduled order that could not be done, and why.

    Without `refusal` it is the one after the thousand that Fusion judges.
    """

    refusal: Failure | None


class WhenDue(BaseModel):
    """The result of the order on its date, after the scheduled orders that are due until then.

    `allowed` is null, and `balances` and `holdings` are empty, from `unknown_from` on.
    """

    allowed: bool | None
    balances: list[EffectOnBalance]
    holdings: list[PreviewHolding]
    refusals: list[dict[str, Any]]
    counted: list[CountedOrder] = Field(description="The last twenty of them, by date.")
    counted_orders: int = Field(description="How many scheduled orders come before the order.")
    unknown_from: UncertainOrder | None


class Preview(BaseModel):
    """The result of placing the order now. A refusal has `code`, `detail` and quantities."""

    allowed: bool
    balances: list[PreviewBalance]
    holdings: list[PreviewHolding]
    warnings: list[Failure]
    refusals: list[dict[str, Any]]
    when_due: WhenDue | None = Field(
        description="With an `effective_at` in the future: the result on that date. Null if the"
        " order would not be accepted."
    )


class PreviewResult(BaseModel):
    """The preview of one order of a batch, or the problem of a malformed one."""

    status: int
    preview: Preview | None = None
    problem: ProblemDocument | None = None


class PreviewsDocument(BaseModel):
    """One result per order, in the same order."""

    results: list[PreviewResult]
