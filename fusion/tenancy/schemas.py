"""The shapes of organizations, subscriptions, members and API clients on the wire."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from fusion.kernel.fields import Body, Id, Line, Name, Reference, Search
from fusion.kernel.schemas import Paging
from fusion.tenancy.rules import MAX_EMAIL, normal_email

Kind = Literal["group", "distributor", "reseller", "tenant"]
Reason = Literal["non_payment", "customer", "fraud", "migration", "other"]
Role = Literal["administrator", "agent", "viewer"]
Scope = Literal[
    "tenancy:read",
    "tenancy:write",
    "catalogue:read",
    "catalogue:write",
    "orders:read",
    "orders:write",
    "provisioning:read",
    "provisioning:write",
    "calls:read",
    "calls:write",
    "reports:read",
    "reports:write",
]
Email = Annotated[
    str,
    Line(3, MAX_EMAIL),
    AfterValidator(normal_email),
    Field(json_schema_extra={"format": "email"}),
]


class OrganizationDocument(BaseModel):
    """A node of the tree; `parent_id` is null for a group."""

    id: UUID
    kind: Kind
    parent_id: UUID | None
    group_id: UUID
    name: str
    external_reference: str | None
    created_at: datetime


class NewOrganization(Body):
    """A new organization. Only `fusion create-group` creates a group."""

    kind: Literal["distributor", "reseller", "tenant"]
    parent_id: Id
    name: Name
    external_reference: Reference | None = None


class Renaming(Body):
    """The fields to change; omitted fields keep their values. A null reference is cleared."""

    name: Name = Field(default_factory=str)
    external_reference: Reference | None = None


class OrganizationFilter(Paging):
    """Filters for the list of organizations; `q` searches names and external references."""

    kind: Kind | None = None
    parent_id: Id | None = None
    q: Search | None = None
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


class SubscriptionFilter(Paging):
    """Filters for the list of subscriptions; `organization_id` includes its whole subtree."""

    organization_id: Id | None = None
    q: Search | None = None
    external_reference: Search | None = None


class MemberDocument(BaseModel):
    """A person's role in one organization; `name` is the person's name there.

    `status` is `invited` until the person accepts or `expires_at` passes, and `active` after that.
    An invited person has no access. The id stays the same.
    """

    id: UUID
    organization_id: UUID
    email: str
    name: str | None
    role: Role
    status: Literal["invited", "active"]
    created_at: datetime
    expires_at: datetime | None


class NewMember(Body):
    """A person to invite, whether or not they already have an account."""

    email: Email
    name: Name | None = None
    role: Role


class RoleChange(Body):
    """The new role; omit it to change nothing."""

    role: Role = Field(default_factory=lambda: "viewer")


class ClientDocument(BaseModel):
    """An OAuth 2 client of an organization. It acts as an administrator within its scopes."""

    id: UUID
    client_id: str
    organization_id: UUID
    name: str
    scopes: list[Scope]
    created_at: datetime


class ClientSecret(ClientDocument):
    """A client with its secret. The secret is shown once, and is null in a replayed response."""

    client_secret: str | None


class NewClient(Body):
    """A new API client."""

    name: Name
    scopes: list[Scope] = Field(min_length=1, max_length=100)
