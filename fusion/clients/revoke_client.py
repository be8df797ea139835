"""Revoking an API client."""

from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.audit import record
from fusion.access.permissions import MANAGE_CLIENTS
from fusion.access.use_case import Done, use_case
from fusion.clients.models import ApiClient
from fusion.clients.revoke import delete_tokens, lock_client, lock_created_by


@use_case(MANAGE_CLIENTS, verb="client.revoke", status=204)
def revoke_client(actor: Actor, *, organization_id: UUID, client_id: UUID) -> Done:
    """Delete the client and those it created: their secrets and tokens become invalid at once.

    Problem: `not-found`.
    """
    client = lock_client(actor, organization_id=organization_id, client_id=client_id)
    path = client.organization.path
    created = lock_created_by(client)
    ids = [client.id, *(each.id for each in created)]
    delete_tokens(ids)
    ApiClient.scoped.unscoped("found and held above").filter(id__in=ids).delete()
    for each in created:
        record(
            actor,
            verb="client.revoke",
            object_type="client",
            object_id=each.id,
            path=each.organization.path,
            detail={"organization_id": each.organization_id, "created_by": each.created_by},
        )
    return Done(None, path, client_id)
