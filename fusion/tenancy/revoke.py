"""Ending what API clients can do: operations in the caller's transaction."""

from collections.abc import Iterable
from uuid import UUID

from oauth2_provider.models import get_access_token_model

from fusion.kernel.errors import not_found
from fusion.tenancy.actor import Actor
from fusion.tenancy.models import ApiClient
from fusion.tenancy.queries import find_organization


def lock_client(actor: Actor, *, organization_id: UUID, client_id: UUID) -> ApiClient:
    """The client, with its organization, held alone; Problem `not-found` without one.

    A token that is being issued holds the row too: it is either there when this returns, and can
    be deleted, or will find the client gone or its secret changed.
    """
    organization = find_organization(actor, organization_id)
    rows = ApiClient.scoped.visible_to(actor).select_related("organization")
    rows = rows.select_for_update(of=("self",))
    client = rows.filter(id=client_id, organization_id=organization.id).first()
    if client is None:
        raise not_found("API client")
    return client


def delete_tokens(clients: Iterable[UUID]) -> None:
    """Make every access token of these clients invalid, at once. The caller holds their rows."""
    get_access_token_model().objects.filter(application_id__in=list(clients)).delete()


def delete_clients(organization_id: UUID) -> None:
    """Delete every client of an organization, and their tokens."""
    clients = ApiClient.scoped.unscoped("the organization itself is being deleted")
    held = clients.filter(organization_id=organization_id).order_by("id").select_for_update()
    ids = [client.id for client in held]
    delete_tokens(ids)
    clients.filter(id__in=ids).delete()
