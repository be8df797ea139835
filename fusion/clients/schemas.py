"""The shapes of API clients in the API."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from fusion.clients.change_client import ClientChanges
from fusion.clients.connector import NAME, NAME_IN_WORDS
from fusion.kernel.fields import Body, Name, Spelled

Connector = Annotated[str, Spelled(NAME, NAME_IN_WORDS)]

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
    connector: str | None = Field(description="Its name as the origin of orders.")
    created_at: datetime


class ClientSecret(ClientDocument):
    """A client with its secret. The secret is shown once, and is null in a replayed response."""

    client_secret: str | None


class NewClient(Body):
    """A new API client."""

    name: Name
    scopes: list[Scope] = Field(min_length=1, max_length=100)
    connector: Connector | None = Field(
        default=None,
        description="Makes it a connector: the `origin` of its orders is `connector:<name>`. Only "
        "administrators of the group, for clients of the group.",
    )


class ClientPatch(Body):
    """The changes to an API client; omitted members stay unchanged."""

    name: Name | None = None
    connector: Connector | None = Field(
        default=None, description="See the creation; null makes it an ordinary client."
    )

    def changes(self) -> ClientChanges:
        """The sent members, for the use case."""
        changes = ClientChanges()
        if self.name is not None:
            changes["name"] = self.name
        if "connector" in self.model_fields_set:
            changes["connector"] = self.connector
        return changes
