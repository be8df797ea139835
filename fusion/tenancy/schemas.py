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
    """What is to be created; a group is founded by those who run Fusion, not through the API."""

    kind: Literal["distributor", "reseller", "tenant"]
    parent_id: Id
    name: Name
    external_reference: Reference | None = None


class Renaming(Body):
    """What to change: what is left out stays, a reference of null is cleared."""

    name: Name = Field(default_factory=str)
    external_reference: Reference | None = None


class OrganizationFilter(Paging):
    """Which organizations a list shows; `q` looks into names and external references."""

    kind: Kind | None = None
    parent_id: Id | None = None
    q: Search | None = None
    external_reference: Search | None = None


class HoldDocument(BaseModel):
    """Why a subscription is suspended; `order_id` is the order of kind suspension."""

    reason: Reason
    since: datetime
    order_id: UUID | None


class SubscriptionDocument(BaseModel):
    """What consumes the service, of one tenant. It is suspended while it has `holds`."""

    id: UUID
    tenant_id: UUID
    group_id: UUID
    name: str
    external_reference: str | None
    status: Literal["active", "suspended", "terminated"]
    holds: list[HoldDocument]
    created_at: datetime


class NewSubscription(Body):
    """A subscription to be created."""

    tenant_id: Id
    name: Name
    external_reference: Reference | None = None


class SubscriptionFilter(Paging):
    """Which subscriptions a list shows; `organization_id` takes all that are under it."""

    organization_id: Id | None = None
    q: Search | None = None
    external_reference: Search | None = None


class MemberDocument(BaseModel):
    """A person's role in one organization; `name` is what they are called there.

    `status`: `invited` until they accept, at the latest at `expires_at`; they may do nothing
    before that. `active` once they are a member; the id stays the same.
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
    """A person to be invited, whether or not they are known already."""

    email: Email
    name: Name | None = None
    role: Role


class RoleChange(Body):
    """The role to be given; left out, nothing changes."""

    role: Role = Field(default_factory=lambda: "viewer")


class ClientDocument(BaseModel):
    """An OAuth 2 client of an organization, which acts as its administrator within its scopes."""

    id: UUID
    client_id: str
    organization_id: UUID
    name: str
    scopes: list[Scope]
    created_at: datetime


class ClientSecret(ClientDocument):
    """A client with its secret, shown once; null in the repetition of a former answer."""

    client_secret: str | None


class NewClient(Body):
    """A client to be created."""

    name: Name
    scopes: list[Scope] = Field(min_length=1, max_length=100)
