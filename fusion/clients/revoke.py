"""Ending the access of API clients: operations in the caller's transaction."""

from collections.abc import Iterable
from uuid import UUID

from oauth2_provider.models import get_access_token_model

from fusion.access.actor import Actor
from fusion.access.authenticate import INVALID_TOKEN, unauthenticated
from fusion.clients.models import ApiClient
from fusion.kernel.database import execute
from fusion.kernel.errors import or_not_found
from fusion.tenancy.lock_organization import lock_organization
from fusion.tenancy.queries import find_organization


def lock_client(actor: Actor, *, organization_id: UUID, client_id: UUID) -> ApiClient:
    """The client with its organization, locked exclusively; Problem `not-found` if there is none.

    Issuing a token locks the row too: the new token either exists when this returns, and can be
    deleted, or its issue finds the client deleted or its secret changed.
    """
    organization = find_organization(actor, organization_id)
    lock_organization(actor, organization)
    rows = ApiClient.scoped.visible_to(actor).select_related("organization")
    rows = rows.select_for_update(of=("self",))
    client = rows.filter(id=client_id, organization_id=organization.id).first()
    return or_not_found(client, "API client")


def lock_creator(actor: Actor) -> None:
    """Prevent the acting API client, if any, from being revoked until the transaction ends.

    Problem `unauthenticated` if it was revoked meanwhile.
    """
    if actor.client_id is None:
        return
    sql = "SELECT FROM tenancy_apiclient WHERE id = %s FOR KEY SHARE"
    if not execute(sql, [actor.client_id]):
        raise unauthenticated("This API client was revoked.", INVALID_TOKEN)


def lock_created_by(client: ApiClient) -> list[ApiClient]:
    """The clients that `client` created, and those created by them, all locked exclusively.

    The caller holds `client`. Creating a client locks its creator: the new client either exists
    when this returns, or is refused because its creator was deleted.
    """
    rows = ApiClient.scoped.unscoped("clients end with the one that created them")
    found: list[ApiClient] = []
    level = [client.id]
    while level:
        held = rows.filter(created_by__in=level).order_by("id")
        held = held.select_related("organization").select_for_update(of=("self",))
        created = list(held)
        level = [each.id for each in created]
        found += created
    return found


def delete_tokens(clients: Iterable[UUID]) -> None:
    """Delete every access token of these clients. The caller holds their rows."""
    get_access_token_model().objects.filter(application_id__in=list(clients)).delete()


def delete_clients(organization_id: UUID) -> None:
    """Delete every client of an organization, the clients created by them, and their tokens."""
    clients = ApiClient.scoped.unscoped("the organization itself is being deleted")
    held = clients.filter(organization_id=organization_id).order_by("id").select_for_update()
    ids = [each.id for client in held for each in (client, *lock_created_by(client))]
    delete_tokens(ids)
    clients.filter(id__in=ids).delete()
