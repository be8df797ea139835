"""Changing an API client: its name, and whether it is a connector."""

from typing import TypedDict
from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.permissions import MANAGE_CLIENTS
from fusion.access.use_case import Done, use_case
from fusion.clients.connector import check_connector
from fusion.clients.queries import client_document
from fusion.clients.revoke import lock_client


class ClientChanges(TypedDict, total=False):
    """The changes; omitted members stay unchanged. Without a connector it is no connector."""

    name: str
    connector: str | None


@use_case(MANAGE_CLIENTS, verb="client.change")
def change_client(
    actor: Actor, *, organization_id: UUID, client_id: UUID, changes: ClientChanges
) -> Done:
    """The client after the change. Orders that it placed before keep their origin.

    Problems: `not-found`, `forbidden` (a connector, below the group), `invalid-fields`.
    """
    client = lock_client(actor, organization_id=organization_id, client_id=client_id)
    if "connector" in changes and changes["connector"] != client.connector:
        check_connector(actor, client.organization, changes["connector"])
        client.connector = changes["connector"]
    if "name" in changes:
        client.name = changes["name"]
    client.save(update_fields=["name", "connector", "updated"])
    return Done(client_document(client), client.organization.path, client.id)
