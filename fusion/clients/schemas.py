"""The shapes of API clients in the API."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from fusion.kernel.fields import Body, Name

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
