"""The routes of API clients."""

from functools import partial
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja import Query, Router

from fusion.access.http_auth import RequirePermission, actor_of, respond, retrying_actor
from fusion.access.permissions import MANAGE_CLIENTS, READ_MEMBERS
from fusion.clients import schemas
from fusion.clients.change_client import change_client
from fusion.clients.create_client import create_client
from fusion.clients.queries import client_document, find_client, list_clients
from fusion.clients.revoke_client import revoke_client
from fusion.clients.rotate_secret import rotate_secret
from fusion.kernel.http import json_response
from fusion.kernel.openapi import also_files
from fusion.kernel.schemas import PROBLEMS, READ_PROBLEMS, Listing, Page
from fusion.kernel.sheets.send import send_list
from fusion.tenancy.queries import find_organization

router = Router(tags=["API clients"])

CLIENTS = "/organizations/{uuid:organization_id}/api-clients"
CLIENT = CLIENTS + "/{uuid:client_id}"


@router.post(
    CLIENTS,
    auth=RequirePermission(MANAGE_CLIENTS, organization_id=find_organization),
    response={201: schemas.ClientSecret, **PROBLEMS},
)
def post_client(
    request: HttpRequest, organization_id: UUID, body: schemas.NewClient
) -> HttpResponse:
    """Create an API client; only this response shows `client_secret`."""
    answer = create_client(
        retrying_actor(request), organization_id=organization_id, **body.model_dump()
    )
    return respond(answer, location=f"/api/v1/organizations/{organization_id}/api-clients")


@router.get(
    CLIENTS,
    auth=RequirePermission(READ_MEMBERS, organization_id=find_organization),
    response={200: Page[schemas.ClientDocument], **READ_PROBLEMS},
    openapi_extra=also_files(),
)
def get_clients(
    request: HttpRequest, organization_id: UUID, params: Query[Listing]
) -> HttpResponseBase:
    """List the API clients of an organization, newest first."""
    columns = tuple(schemas.ClientDocument.model_fields)
    pages = partial(list_clients, actor_of(request), organization_id=organization_id)
    return send_list(request, params, "api-clients", columns, pages)


@router.get(
    CLIENT,
    auth=RequirePermission(READ_MEMBERS, organization_id=find_organization, client_id=find_client),
    response={200: schemas.ClientDocument, **READ_PROBLEMS},
)
def get_client(request: HttpRequest, organization_id: UUID, client_id: UUID) -> HttpResponse:
    """Read an API client."""
    client = find_client(actor_of(request), client_id, organization_id)
    return json_response(client_document(client))


@router.patch(
    CLIENT,
    auth=RequirePermission(
        MANAGE_CLIENTS, organization_id=find_organization, client_id=find_client
    ),
    response={200: schemas.ClientDocument, **PROBLEMS},
)
def patch_client(
    request: HttpRequest, organization_id: UUID, client_id: UUID, body: schemas.ClientPatch
) -> HttpResponse:
    """Change the name of an API client, or whether it is a connector."""
    ids = {"organization_id": organization_id, "client_id": client_id}
    return respond(change_client(actor_of(request), **ids, changes=body.changes()))


@router.delete(
    CLIENT,
    auth=RequirePermission(
        MANAGE_CLIENTS, organization_id=find_organization, client_id=find_client
    ),
    response={204: None, **PROBLEMS},
)
def delete_client(request: HttpRequest, organization_id: UUID, client_id: UUID) -> HttpResponse:
    """Revoke an API client; its secret and tokens become invalid immediately."""
    return respond(
        revoke_client(actor_of(request), organization_id=organization_id, client_id=client_id)
    )


@router.post(
    CLIENT + "/rotate",
    auth=RequirePermission(
        MANAGE_CLIENTS, organization_id=find_organization, client_id=find_client
    ),
    response={200: schemas.ClientSecret, **PROBLEMS},
)
def post_client_rotate(
    request: HttpRequest, organization_id: UUID, client_id: UUID
) -> HttpResponse:
    """Replace the secret; the old secret and its tokens become invalid immediately."""
    return respond(
        rotate_secret(retrying_actor(request), organization_id=organization_id, client_id=client_id)
    )
