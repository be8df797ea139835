"""Shapes of the ledger on the wire."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from fusion.kernel.fields import Code, Id, Instant, ends
from fusion.kernel.schemas import Paging

Kind = Literal["grant", "revoke", "consume", "release"]


class BalanceDocument(BaseModel):
    """What is granted of one SKU, used, and left. `used` is null where the past is not known."""

    sku: str
    type: Literal["license", "entitlement"]
    metric: Literal["user", "sip_channel", "number"]
    granted: int
    used: int | None
    available: int | None


class Balances(BaseModel):
    """The balances of one subscription, by SKU code."""

    items: list[BalanceDocument]


class At(BaseModel):
    """The instant that balances are asked for."""

    at: Instant | None = Field(default=None, description="Inclusive; now, where it is left out.")


class Holder(BaseModel):
    """What holds the units of a consume or release."""

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


class EntryFilter(Paging):
    """Which entries are listed."""

    sku: Code | None = None
    kind: Kind | None = None
    since: Instant | None = Field(default=None, alias="from", description="Inclusive.")
    until: Annotated[Instant | None, ends("since", "from")] = Field(
        default=None, alias="to", description="Exclusive."
    )


class LicenseFilter(Paging):
    """Whose totals are asked for: your own organization's, unless told."""

    organization_id: Id | None = None
    by: Literal["subscription"] | None = None


class SubscriptionTotals(BaseModel):
    """The balances of one subscription of a subtree."""

    subscription_id: UUID
    name: str
    items: list[BalanceDocument]


class Licenses(BaseModel):
    """Totals per SKU, or the subscriptions with theirs; `as_of` tells how fresh they are."""

    organization_id: UUID
    as_of: str
    items: list[BalanceDocument | SubscriptionTotals]
    next: str | None
