"""Creating an API client of an organization."""

from collections.abc import Sequence
from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.permissions import MANAGE_CLIENTS
from fusion.access.rules import grantable, in_order
from fusion.access.use_case import Done, use_case
from fusion.clients.connector import check_connector
from fusion.clients.hashers import new_secret
from fusion.clients.models import ApiClient
from fusion.clients.queries import client_document
from fusion.clients.revoke import lock_creator
from fusion.kernel.errors import InvalidFields, Problem
from fusion.kernel.ids import new_id
from fusion.tenancy.lock_organization import lock_organization
from fusion.tenancy.models import Organization
from fusion.tenancy.queries import find_organization


@use_case(MANAGE_CLIENTS, verb="client.create", status=201)
def create_client(
    actor: Actor,
    *,
    organization_id: UUID,
    name: str,
    scopes: Sequence[str],
    connector: str | None = None,
) -> Done:
    """Create a client with `scopes`; only this answer shows its secret.

    With `connector` it is a connector of that name.

    Revoking a client also revokes the clients that it created.

    Problems: `not-found`, `forbidden` (scopes that the actor's own token lacks, a connector below
    the group), `invalid-fields` (scopes that an organization of this kind cannot have, a wrong name
    of a connector).
    """
    organization = find_organization(actor, organization_id)
    _check(organization, scopes)
    require_scopes(actor, scopes)
    check_connector(actor, organization, connector)
    lock_organization(actor, organization)
    lock_creator(actor)
    id, secret = new_id(), new_secret()
    client = ApiClient(
        id=id,
        client_id=str(id),
        client_secret=secret,
        client_type=ApiClient.CLIENT_CONFIDENTIAL,
        authorization_grant_type=ApiClient.GRANT_CLIENT_CREDENTIALS,
        organization_id=organization.id,
        name=name,
        scopes=" ".join(in_order(scopes)),
        created_by=actor.client_id,
        connector=connector,
    )
    client.save(force_insert=True)
    return secret_shown(client, organization.path, secret)


def _check(organization: Organization, scopes: Sequence[str]) -> None:
    possible = grantable(organization.kind)
    impossible = sorted(set(scopes).difference(possible))
    if impossible or not scopes:
        raise InvalidFields(
            scopes=f"not available to a client of a {organization.kind}: "
            f"{', '.join(impossible) or 'none'}; choose from {', '.join(possible)}"
        )


def require_scopes(actor: Actor, scopes: Sequence[str]) -> None:
    """Problem `forbidden` if the actor would gain, through another client, scopes that it lacks."""
    missing = [scope for scope in scopes if not actor.has_scope(scope)]
    if missing:
        raise Problem(
            "forbidden",
            f"This token lacks {', '.join(missing)}. A token can grant a client only its "
            "own scopes. Ask an administrator.",
        )


def secret_shown(client: ApiClient, path: str, secret: str) -> Done:
    """The result of a verb with a new secret, which only this answer shows and nothing stores."""
    document = {**client_document(client), "client_secret": None}
    return Done(document, path, client.id, secret={"client_secret": secret})
