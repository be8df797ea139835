"""Shapes of the ledger on the wire."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from fusion.catalogue.metrics import MetricCode
from fusion.kernel.fields import Code, Id, Instant, ends
from fusion.kernel.schemas import Listing

Kind = Literal["grant", "revoke", "consume", "release"]


class PendingChange(BaseModel):
    """A change by a scheduled order. All of them are applied in turn to the present quantities.

    `delta` is null from the first order that could not be done.
    """

    order_id: UUID
    number: int
    effective_at: str
    delta: int | None


class BalanceDocument(BaseModel):
    """The granted, used and available quantity of one SKU; `used` is null if unknown.

    `pending` is absent for a past instant.
    """

    sku: str
    type: Literal["license", "entitlement"]
    metric: MetricCode
    granted: int
    used: int | None
    available: int | None
    pending: list[PendingChange] | None = None


class PendingRest(BaseModel):
    """The scheduled orders that `pending` does not have: it has those of the next hundred."""

    orders: int = Field(description="How many; 10,000 also stands for more.")
    effective_from: str


class Balances(BaseModel):
    """The balances of one subscription, by SKU code.

    `pending_rest` is null or absent if `pending` has all that is scheduled.
    """

    items: list[BalanceDocument]
    pending_rest: PendingRest | None = None


class At(BaseModel):
    """The instant of the balances."""

    at: Instant | None = Field(default=None, description="Inclusive; defaults to now.")
    format: Literal["json", "csv", "xlsx"] | None = Field(
        default=None, description="`csv` or `xlsx` for a file."
    )


class Holder(BaseModel):
    """The holder of the units that a consume or release entry names."""

    type: str
    id: str


class EntryDocument(BaseModel):
    """One line of the ledger, and the balance after it."""

    sequence: int
    sku: str
    kind: Kind
    quantity: int
    granted_after: int
    used_after: int
    order_id: UUID | None
    order_number: int | None
    holder: Holder | None
    actor: str
    at: str


class EntryFilter(Listing):
    """Filters for the list of entries."""

    sku: Code | None = None
    kind: Kind | None = None
    since: Instant | None = Field(default=None, alias="from", description="Inclusive.")
    until: Annotated[Instant | None, ends("since", "from")] = Field(
        default=None, alias="to", description="Exclusive."
    )


class LicenseFilter(Listing):
    """The organization of the totals; defaults to your own organization."""

    organization_id: Id | None = None
    by: Literal["subscription"] | None = None


class SubscriptionTotals(BaseModel):
    """The balances of one subscription of a subtree."""

    subscription_id: UUID
    name: str
    items: list[BalanceDocument]


class Licenses(BaseModel):
    """Totals per SKU, or per subscription and SKU; `as_of` is the time of the figures."""

    organization_id: UUID
    as_of: str
    items: list[BalanceDocument | SubscriptionTotals]
    next: str | None
