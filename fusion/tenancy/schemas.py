"""The shapes of organizations and subscriptions in the API."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from fusion.kernel.countries import Country
from fusion.kernel.fields import Body, Id, Name, Reference, Search
from fusion.kernel.schemas import Listing

Kind = Literal["group", "distributor", "reseller", "tenant"]
COUNTRY = "The country of phone numbers that are written without a country code."
Reason = Literal["non_payment", "customer", "fraud", "migration", "other"]


class OrganizationDocument(BaseModel):
    """A node of the tree; `parent_id` is null for a group.

    Phone numbers written without a country code are of `country`; null means the country of the
    nearest organization above that has one.
    """

    id: UUID
    kind: Kind
    parent_id: UUID | None
    group_id: UUID
    name: str
    external_reference: str | None
    country: str | None
    created_at: datetime


class NewOrganization(Body):
    """A new organization. Only `fusion create-group` creates a group."""

    kind: Literal["distributor", "reseller", "tenant"]
    parent_id: Id
    name: Name
    external_reference: Reference | None = None
    country: Country | None = Field(default=None, description=COUNTRY)


class Renaming(Body):
    """The fields to change; omitted fields keep their values. A null reference is cleared."""

    name: Name = Field(default_factory=str)
    external_reference: Reference | None = None


class OrganizationChanges(Renaming):
    """The fields to change; omitted fields keep their values. Null clears reference or country."""

    country: Country | None = Field(default=None, description=COUNTRY)


class OrganizationFilter(Listing):
    """Filters for the list of organizations."""

    kind: Kind | None = None
    parent_id: Id | None = None
    q: Search | None = Field(
        default=None,
        description="Words of the name or external reference, or parts of them, ignoring case.",
    )
    external_reference: Search | None = None


class HoldDocument(BaseModel):
    """A reason for the suspension of a subscription; `order_id` is the suspension order."""

    reason: Reason
    since: datetime
    order_id: UUID | None


class SubscriptionDocument(BaseModel):
    """A tenant's subscription, which consumes the service. It is suspended while it has `holds`."""

    id: UUID
    tenant_id: UUID
    group_id: UUID
    name: str
    external_reference: str | None
    status: Literal["active", "suspended", "terminated"]
    holds: list[HoldDocument]
    created_at: datetime


class NewSubscription(Body):
    """A new subscription."""

    tenant_id: Id
    name: Name
    external_reference: Reference | None = None


class SubscriptionFilter(Listing):
    """Filters for the list of subscriptions; `organization_id` includes its whole subtree."""

    organization_id: Id | None = None
    q: Search | None = Field(
        default=None,
        description="Words of the name or external reference, also of the customer's, or parts of "
        "them, ignoring case.",
    )
    external_reference: Search | None = None
