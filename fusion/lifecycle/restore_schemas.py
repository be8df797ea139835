"""The shapes of restoring a terminated subscription."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from fusion.kernel.fields import Body, Note, Reference
from fusion.ordering.schemas import Kind
from fusion.tenancy.schemas import Reason, SubscriptionDocument


class RestoreBody(Body):
    """Options to restore a subscription. All of them, and the body itself, are optional."""

    note: Note | None = None
    external_reference: Reference | None = Field(
        default=None, description="Of the order that reverses the termination."
    )
    dry_run: bool = Field(
        default=False, description="Return what would be restored, without changing anything."
    )


class Restores(BaseModel):
    """How many holdings and numbers come back, and the suspensions that hold again."""

    holdings: int
    numbers: int
    holds: list[Reason]


class LostNumber(BaseModel):
    """A number that the termination released and that does not come back.

    `free`: its quarantine has ended, or it was only reserved. `taken`: another subscription has it.
    `ported_out`: to another operator. `removed`: it left the inventory.
    """

    e164: str
    reason: Literal["free", "taken", "ported_out", "removed"]


class CancelledOrder(BaseModel):
    """A scheduled order that the termination cancelled. It stays cancelled, also an expiry."""

    id: UUID
    number: int
    kind: Kind


class NotRestored(BaseModel):
    """What does not come back.

    `links`: users who lost their numbers. `trunks`: of the subscription; none has a number now.
    """

    numbers: list[LostNumber]
    links: int
    trunks: int
    orders: list[CancelledOrder]


class RestoredSubscription(SubscriptionDocument):
    """The subscription, the order that reversed its termination, and what came back."""

    order_id: UUID
    restores: Restores
    not_restored: NotRestored


class RestorePreview(BaseModel):
    """The result of a dry run. A refusal has a `code` and a `detail`.

    `until`: when it can be restored at the latest; null if it is not terminated.
    """

    allowed: bool
    until: datetime | None
    restores: Restores
    not_restored: NotRestored
    refusals: list[dict[str, Any]]
