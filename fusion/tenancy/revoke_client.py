"""Revoking an API client."""

from uuid import UUID

from fusion.tenancy.actor import Actor
from fusion.tenancy.audit import record
from fusion.tenancy.models import ApiClient
from fusion.tenancy.permissions import MANAGE_CLIENTS
from fusion.tenancy.revoke import delete_tokens, lock_client, lock_created_by
from fusion.tenancy.use_case import Done, use_case


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
