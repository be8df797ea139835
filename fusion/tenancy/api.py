"""The routes of organizations and subscriptions."""

from functools import partial
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja import Query, Router

from fusion.access.http_auth import RequirePermission, actor_of, respond, retrying_actor
from fusion.access.permissions import (
    MANAGE_ORGANIZATIONS,
    MANAGE_SUBSCRIPTIONS,
    READ_TENANCY,
)
from fusion.kernel.http import json_response
from fusion.kernel.openapi import also_files
from fusion.kernel.schemas import PROBLEMS, READ_PROBLEMS, Page
from fusion.kernel.sheets.send import send_list
from fusion.tenancy import schemas
from fusion.tenancy.create_organization import create_organization
from fusion.tenancy.create_subscription import create_subscription
from fusion.tenancy.edit_organization import edit_organization, find_organization_to_edit
from fusion.tenancy.edit_subscription import edit_subscription
from fusion.tenancy.queries import (
    find_organization,
    find_subscription,
    list_organizations,
    list_subscriptions,
    organization_document,
    subscription_document,
)

router = Router()

ORGANIZATIONS = "/organizations"
ORGANIZATION = "/organizations/{uuid:organization_id}"
SUBSCRIPTIONS = "/subscriptions"
SUBSCRIPTION = "/subscriptions/{uuid:subscription_id}"


@router.post(
    ORGANIZATIONS,
    auth=RequirePermission(MANAGE_ORGANIZATIONS, parent_id=find_organization),
    response={201: schemas.OrganizationDocument, **PROBLEMS},
    tags=["organizations"],
)
def post_organization(request: HttpRequest, body: schemas.NewOrganization) -> HttpResponse:
    """Create a distributor, reseller or tenant."""
    answer = create_organization(retrying_actor(request), **body.model_dump())
    return respond(answer, location="/api/v1/organizations")


@router.get(
    ORGANIZATIONS,
    auth=RequirePermission(READ_TENANCY, parent_id=find_organization),
    response={200: Page[schemas.OrganizationDocument], **READ_PROBLEMS},
    tags=["organizations"],
    openapi_extra=also_files(),
)
def get_organizations(
    request: HttpRequest, filters: Query[schemas.OrganizationFilter]
) -> HttpResponseBase:
    """List your organization and those below it, in tree order."""
    columns = tuple(schemas.OrganizationDocument.model_fields)
    pages = partial(list_organizations, actor_of(request), **filters.filters())
    return send_list(request, filters, "organizations", columns, pages)


@router.get(
    ORGANIZATION,
    auth=RequirePermission(READ_TENANCY, organization_id=find_organization),
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
    auth=RequirePermission(MANAGE_ORGANIZATIONS, organization_id=find_organization_to_edit),
    response={200: schemas.OrganizationDocument, **PROBLEMS},
    tags=["organizations"],
)
def patch_organization(
    request: HttpRequest, organization_id: UUID, body: schemas.OrganizationChanges
) -> HttpResponse:
    """Change the name, the external reference or the country; null clears the last two."""
    changes = body.model_dump(exclude_unset=True)
    actor = actor_of(request)
    return respond(edit_organization(actor, organization_id=organization_id, changes=changes))


@router.post(
    SUBSCRIPTIONS,
    auth=RequirePermission(MANAGE_SUBSCRIPTIONS, tenant_id=find_organization),
    response={201: schemas.SubscriptionDocument, **PROBLEMS},
    tags=["subscriptions"],
)
def post_subscription(request: HttpRequest, body: schemas.NewSubscription) -> HttpResponse:
    """Create a subscription of a tenant."""
    answer = create_subscription(retrying_actor(request), **body.model_dump())
    return respond(answer, location="/api/v1/subscriptions")


@router.get(
    SUBSCRIPTIONS,
    auth=RequirePermission(READ_TENANCY, organization_id=find_organization),
    response={200: Page[schemas.SubscriptionDocument], **READ_PROBLEMS},
    tags=["subscriptions"],
    openapi_extra=also_files(),
)
def get_subscriptions(
    request: HttpRequest, filters: Query[schemas.SubscriptionFilter]
) -> HttpResponseBase:
    """List subscriptions, newest first."""
    columns = tuple(schemas.SubscriptionDocument.model_fields)
    pages = partial(list_subscriptions, actor_of(request), **filters.filters())
    return send_list(request, filters, "subscriptions", columns, pages)


@router.get(
    SUBSCRIPTION,
    auth=RequirePermission(READ_TENANCY, subscription_id=find_subscription),
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
    auth=RequirePermission(MANAGE_SUBSCRIPTIONS, subscription_id=find_subscription),
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
