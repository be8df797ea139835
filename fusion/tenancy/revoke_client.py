"""Revoking an API client."""

from uuid import UUID

from fusion.tenancy.actor import Actor
from fusion.tenancy.permissions import MANAGE_CLIENTS
from fusion.tenancy.revoke import delete_tokens, lock_client
from fusion.tenancy.use_case import Done, use_case


@use_case(MANAGE_CLIENTS, verb="client.revoke", status=204)
def revoke_client(actor: Actor, *, organization_id: UUID, client_id: UUID) -> Done:
    """Delete the client; its secret and all its tokens are invalid at once.

    Problem: `not-found`.
    """
    client = lock_client(actor, organization_id=organization_id, client_id=client_id)
    path = client.organization.path
    delete_tokens([client.id])
    client.delete()
    return Done(None, path, client_id)
