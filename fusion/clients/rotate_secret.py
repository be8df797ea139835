"""Replacing the secret of an API client."""

from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.permissions import MANAGE_CLIENTS
from fusion.access.use_case import Done, use_case
from fusion.clients.create_client import require_scopes, secret_shown
from fusion.clients.hashers import new_secret
from fusion.clients.revoke import delete_tokens, lock_client


@use_case(MANAGE_CLIENTS, verb="client.rotate_secret")
def rotate_secret(actor: Actor, *, organization_id: UUID, client_id: UUID) -> Done:
    """Replace the secret; the old one and the tokens issued for it become invalid at once.

    Problems: `not-found`, `forbidden` (a client with scopes that the actor's own token lacks).
    """
    client = lock_client(actor, organization_id=organization_id, client_id=client_id)
    require_scopes(actor, client.scopes.split())
    delete_tokens([client.id])
    client.client_secret = secret = new_secret()
    client.save(update_fields=["client_secret", "updated"])
    return secret_shown(client, client.organization.path, secret)
