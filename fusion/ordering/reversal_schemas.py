"""Shapes of reversals on the wire, and of previews, which also show their effect."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, ValidationInfo, field_validator

from fusion.access.actor import Actor
from fusion.kernel.fields import Body, Id, Instant, Note, Reference
from fusion.kernel.quantities import MAX_LINES
from fusion.ordering.place import Draft
from fusion.ordering.reverse import reversal_of
from fusion.ordering.schemas import LineBody, OrderBody, require_one_name


class ReversalBody(Body):
    """Options of a reversal. All of them, and the body itself, are optional."""

    effective_at: Instant | None = Field(
        default=None,
        description="With an offset, at most five years ahead, or past by at most the provider's "
        "`order_grace_hours`.",
    )
    external_reference: Reference | None = None
    note: Note | None = None


class _Reversing(Body):
    reverses: Id | None = Field(
        default=None,
        description="The order to reverse, instead of the subscription and the lines.",
    )


class PreviewBody(OrderBody, _Reversing):
    """An order to preview; or with `reverses`, without a subscription and lines, a reversal."""

    lines: Annotated[list[LineBody], Field(max_length=MAX_LINES, validate_default=True)] = []

    @field_validator("subscription_id")
    @classmethod
    def _is_named_once(cls, id: UUID | None, others: ValidationInfo) -> UUID | None:
        if others.data.get("reverses") is None:
            return require_one_name(id, others)
        if id is not None or others.data.get("subscription_external_reference") is not None:
            raise ValueError("leave it out: the order to reverse names the subscription")
        return None

    @field_validator("ends_at")
    @classmethod
    def _is_not_of_a_reversal(
        cls, ends_at: datetime | None, others: ValidationInfo
    ) -> datetime | None:
        if ends_at is not None and others.data.get("reverses") is not None:
            raise ValueError("leave it out: a reversal has no end")
        return ends_at

    @field_validator("charge_from")
    @classmethod
    def _is_not_charged(
        cls, charge_from: datetime | None, others: ValidationInfo
    ) -> datetime | None:
        if charge_from is not None and others.data.get("reverses") is not None:
            raise ValueError("leave it out: a reversal has no charge_from")
        return charge_from

    @field_validator("lines")
    @classmethod
    def _are_needed(cls, lines: list[LineBody], others: ValidationInfo) -> list[LineBody]:
        is_reversal = others.data.get("reverses") is not None
        if is_reversal and lines:
            raise ValueError("leave them out: the lines of a reversal are those of its order")
        if not is_reversal and not lines:
            raise ValueError("is required, or else reverses")
        return lines

    def draft(self, actor: Actor) -> Draft:
        """The order to be previewed; Problem `not-found` for an unknown order or reference."""
        if self.reverses is None:
            return super().draft(actor)
        return replace(
            reversal_of(
                actor,
                self.reverses,
                external_reference=self.external_reference,
                effective_at=self.effective_at,
                note=self.note,
            ),
            metadata=self.metadata,
        )
