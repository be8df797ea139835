"""The routes of organizations, their members and API clients, and subscriptions."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from fusion.kernel.http import json_response
from fusion.kernel.schemas import PROBLEMS, READ_PROBLEMS, Page, Paging
from fusion.tenancy import schemas
from fusion.tenancy.change_role import change_role
from fusion.tenancy.create_client import create_client
from fusion.tenancy.create_organization import create_organization
from fusion.tenancy.create_subscription import create_subscription
from fusion.tenancy.edit_organization import edit_organization, find_organization_to_edit
from fusion.tenancy.edit_subscription import edit_subscription
from fusion.tenancy.guard import Door, actor_of, respond, retrying_actor
from fusion.tenancy.invite_member import invite_member
from fusion.tenancy.people import find_person, list_people, person_document
from fusion.tenancy.permissions import (
    MANAGE_CLIENTS,
    MANAGE_MEMBERS,
    MANAGE_ORGANIZATIONS,
    MANAGE_SUBSCRIPTIONS,
    READ_MEMBERS,
    READ_TENANCY,
)
from fusion.tenancy.queries import (
    client_document,
    find_client,
    find_organization,
    find_subscription,
    list_clients,
    list_organizations,
    list_subscriptions,
    organization_document,
    subscription_document,
)
from fusion.tenancy.remove_member import remove_member
from fusion.tenancy.revoke_client import revoke_client
from fusion.tenancy.rotate_secret import rotate_secret

router = Router()

ORGANIZATIONS = "/organizations"
ORGANIZATION = "/organizations/{uuid:organization_id}"
MEMBERS = ORGANIZATION + "/members"
MEMBER = MEMBERS + "/{uuid:member_id}"
CLIENTS = ORGANIZATION + "/api-clients"
CLIENT = CLIENTS + "/{uuid:client_id}"
SUBSCRIPTIONS = "/subscriptions"
SUBSCRIPTION = "/subscriptions/{uuid:subscription_id}"


@router.post(
    ORGANIZATIONS,
    auth=Door(MANAGE_ORGANIZATIONS, parent_id=find_organization),
    response={201: schemas.OrganizationDocument, **PROBLEMS},
    tags=["organizations"],
)
def post_organization(request: HttpRequest, body: schemas.NewOrganization) -> HttpResponse:
    """Create a distributor, reseller or tenant."""
    answer = create_organization(retrying_actor(request), **body.model_dump())
    return respond(answer, location="/api/v1/organizations")


@router.get(
    ORGANIZATIONS,
    auth=Door(READ_TENANCY, parent_id=find_organization),
    response={200: Page[schemas.OrganizationDocument], **READ_PROBLEMS},
    tags=["organizations"],
)
def get_organizations(
    request: HttpRequest, filters: Query[schemas.OrganizationFilter]
) -> HttpResponse:
    """List your organization and those below it, in tree order."""
    return json_response(list_organizations(actor_of(request), **filters.model_dump()))


@router.get(
    ORGANIZATION,
    auth=Door(READ_TENANCY, organization_id=find_organization),
    response={200: schemas.OrganizationDocument, **READ_PROBLEMS},
    tags=["organizations"],
)
def get_organization(request: HttpRequest, organization_id: UUID) -> HttpResponse:
    """Read an organization."""
    return json_response(
        organization_document(find_organization(actor_of(request), organization_id))
    )


@router.patch(
    ORGANIZATION,
    auth=Door(MANAGE_ORGANIZATIONS, organization_id=find_organization_to_edit),
    response={200: schemas.OrganizationDocument, **PROBLEMS},
    tags=["organizations"],
)
def patch_organization(
    request: HttpRequest, organization_id: UUID, body: schemas.Renaming
) -> HttpResponse:
    """Change the name or the external reference; null clears the reference."""
    changes = body.model_dump(exclude_unset=True)
    actor = actor_of(request)
    return respond(edit_organization(actor, organization_id=organization_id, changes=changes))


@router.post(
    MEMBERS,
    auth=Door(MANAGE_MEMBERS, organization_id=find_organization),
    response={201: schemas.MemberDocument, **PROBLEMS},
    tags=["members"],
)
def post_member(
    request: HttpRequest, organization_id: UUID, body: schemas.NewMember
) -> HttpResponse:
    """Invite a person by e-mail; the person becomes a member by accepting."""
    answer = invite_member(
        retrying_actor(request), organization_id=organization_id, **body.model_dump()
    )
    return respond(answer, location=f"/api/v1/organizations/{organization_id}/members")


@router.get(
    MEMBERS,
    auth=Door(READ_MEMBERS, organization_id=find_organization),
    response={200: Page[schemas.MemberDocument], **READ_PROBLEMS},
    tags=["members"],
)
def get_members(request: HttpRequest, organization_id: UUID, paging: Query[Paging]) -> HttpResponse:
    """List the members and invitations of an organization, newest first."""
    return json_response(
        list_people(actor_of(request), organization_id=organization_id, **paging.model_dump())
    )


@router.get(
    MEMBER,
    auth=Door(READ_MEMBERS, organization_id=find_organization, member_id=find_person),
    response={200: schemas.MemberDocument, **READ_PROBLEMS},
    tags=["members"],
)
def get_member(request: HttpRequest, organization_id: UUID, member_id: UUID) -> HttpResponse:
    """Read a membership or an invitation."""
    person = find_person(actor_of(request), member_id, organization_id)
    return json_response(person_document(person))


@router.patch(
    MEMBER,
    auth=Door(MANAGE_MEMBERS, organization_id=find_organization, member_id=find_person),
    response={200: schemas.MemberDocument, **PROBLEMS},
    tags=["members"],
)
def patch_member(
    request: HttpRequest, organization_id: UUID, member_id: UUID, body: schemas.RoleChange
) -> HttpResponse:
    """Change the role of a member or of an invited person."""
    changes = body.model_dump(exclude_unset=True)
    answer = change_role(
        actor_of(request), organization_id=organization_id, member_id=member_id, **changes
    )
    return respond(answer)


@router.delete(
    MEMBER,
    auth=Door(MANAGE_MEMBERS, organization_id=find_organization, member_id=find_person),
    response={204: None, **PROBLEMS},
    tags=["members"],
)
def delete_member(request: HttpRequest, organization_id: UUID, member_id: UUID) -> HttpResponse:
    """Remove a member from an organization, or withdraw an invitation."""
    return respond(
        remove_member(actor_of(request), organization_id=organization_id, member_id=member_id)
    )


@router.post(
    CLIENTS,
    auth=Door(MANAGE_CLIENTS, organization_id=find_organization),
    response={201: schemas.ClientSecret, **PROBLEMS},
    tags=["API clients"],
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
    auth=Door(READ_MEMBERS, organization_id=find_organization),
    response={200: Page[schemas.ClientDocument], **READ_PROBLEMS},
    tags=["API clients"],
)
def get_clients(request: HttpRequest, organization_id: UUID, paging: Query[Paging]) -> HttpResponse:
    """List the API clients of an organization, newest first."""
    return json_response(
        list_clients(actor_of(request), organization_id=organization_id, **paging.model_dump())
    )


@router.get(
    CLIENT,
    auth=Door(READ_MEMBERS, organization_id=find_organization, client_id=find_client),
    response={200: schemas.ClientDocument, **READ_PROBLEMS},
    tags=["API clients"],
)
def get_client(request: HttpRequest, organization_id: UUID, client_id: UUID) -> HttpResponse:
    """Read an API client."""
    client = find_client(actor_of(request), client_id, organization_id)
    return json_response(client_document(client))


@router.delete(
    CLIENT,
    auth=Door(MANAGE_CLIENTS, organization_id=find_organization, client_id=find_client),
    response={204: None, **PROBLEMS},
    tags=["API clients"],
)
def delete_client(request: HttpRequest, organization_id: UUID, client_id: UUID) -> HttpResponse:
    """Revoke an API client; its secret and tokens become invalid immediately."""
    return respond(
        revoke_client(actor_of(request), organization_id=organization_id, client_id=client_id)
    )


@router.post(
    CLIENT + "/rotate",
    auth=Door(MANAGE_CLIENTS, organization_id=find_organization, client_id=find_client),
    response={200: schemas.ClientSecret, **PROBLEMS},
    tags=["API clients"],
)
def post_client_rotate(
    request: HttpRequest, organization_id: UUID, client_id: UUID
) -> HttpResponse:
    """Replace the secret; the old secret and its tokens become invalid immediately."""
    return respond(
        rotate_secret(retrying_actor(request), organization_id=organization_id, client_id=client_id)
    )


@router.post(
    SUBSCRIPTIONS,
    auth=Door(MANAGE_SUBSCRIPTIONS, tenant_id=find_organization),
    response={201: schemas.SubscriptionDocument, **PROBLEMS},
    tags=["subscriptions"],
)
def post_subscription(request: HttpRequest, body: schemas.NewSubscription) -> HttpResponse:
    """Create a subscription of a tenant."""
    answer = create_subscription(retrying_actor(request), **body.model_dump())
    return respond(answer, location="/api/v1/subscriptions")


@router.get(
    SUBSCRIPTIONS,
    auth=Door(READ_TENANCY, organization_id=find_organization),
    response={200: Page[schemas.SubscriptionDocument], **READ_PROBLEMS},
    tags=["subscriptions"],
)
def get_subscriptions(
    request: HttpRequest, filters: Query[schemas.SubscriptionFilter]
) -> HttpResponse:
    """List subscriptions, newest first."""
    return json_response(list_subscriptions(actor_of(request), **filters.model_dump()))


@router.get(
    SUBSCRIPTION,
    auth=Door(READ_TENANCY, subscription_id=find_subscription),
    response={200: schemas.SubscriptionDocument, **READ_PROBLEMS},
    tags=["subscriptions"],
)
def get_subscription(request: HttpRequest, subscription_id: UUID) -> HttpResponse:
    """Read a subscription."""
    return json_response(
        subscription_document(find_subscription(actor_of(request), subscription_id))
    )


@router.patch(
    SUBSCRIPTION,
    auth=Door(MANAGE_SUBSCRIPTIONS, subscription_id=find_subscription),
    response={200: schemas.SubscriptionDocument, **PROBLEMS},
    tags=["subscriptions"],
)
def patch_subscription(
    request: HttpRequest, subscription_id: UUID, body: schemas.Renaming
) -> HttpResponse:
    """Change the name or the external reference; null clears the reference."""
    changes = body.model_dump(exclude_unset=True)
    actor = actor_of(request)
    return respond(edit_subscription(actor, subscription_id=subscription_id, changes=changes))
