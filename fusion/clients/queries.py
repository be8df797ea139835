"""Read models of API clients."""

from typing import Any
from uuid import UUID

from fusion.access.actor import Actor
from fusion.clients.models import ApiClient
from fusion.kernel.clock import instant
from fusion.kernel.errors import or_not_found
from fusion.kernel.pagination import newest
from fusion.tenancy.queries import find_organization


def find_client(actor: Actor, id: UUID, organization_id: UUID | None = None) -> ApiClient:
    """The API client; Problem `not-found` unless `actor` sees it and it belongs to that
    organization.
    """
    rows = ApiClient.scoped.visible_to(actor).filter(id=id)
    if organization_id is not None:
        rows = rows.filter(organization_id=organization_id)
    return or_not_found(rows.first(), "API client")


def list_clients(
    actor: Actor, *, organization_id: UUID, limit: int, cursor: str | None = None
) -> dict[str, Any]:
    """One page of the API clients of an organization, without their secrets."""
    organization = find_organization(actor, organization_id)
    rows = ApiClient.scoped.visible_to(actor).filter(organization_id=organization.id)
    shown, following = newest(rows, limit=limit, cursor=cursor)
    return {"items": [client_document(row) for row in shown], "next": following}


def client_document(client: ApiClient) -> dict[str, Any]:
    """An API client as the API shows it, without its secret, which is shown only when it is
    created.
    """
    return {
        "id": str(client.id),
        "client_id": client.client_id,
        "organization_id": str(client.organization_id),
        "name": client.name,
        "scopes": client.scopes.split(),
        "connector": client.connector,
        "created_at": instant(client.created),
    }
