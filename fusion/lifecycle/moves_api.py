"""The routes that move organizations and subscriptions in the tree."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Router

from fusion.access.http_auth import RequirePermission, actor_of, respond, retrying_actor
from fusion.access.permissions import MOVE
from fusion.kernel.http import json_response
from fusion.kernel.schemas import PROBLEMS
from fusion.lifecycle.job_schemas import OrganizationJobDocument
from fusion.lifecycle.jobs_api import accepted
from fusion.lifecycle.move import move_subscription
from fusion.lifecycle.move_plan import preview_organization_move, preview_subscription_move
from fusion.lifecycle.schemas import MovePreview, OrganizationMove, SubscriptionMove
from fusion.lifecycle.submit_move import move_or_submit
from fusion.tenancy import api as tenancy
from fusion.tenancy.queries import find_organization, find_subscription
from fusion.tenancy.schemas import OrganizationDocument, SubscriptionDocument

router = Router()


@router.post(
    tenancy.ORGANIZATION + "/move",
    auth=RequirePermission(MOVE, organization_id=find_organization, parent_id=find_organization),
    response={
        200: OrganizationDocument | MovePreview,
        202: OrganizationJobDocument,
        **PROBLEMS,
    },
    tags=["organizations"],
)
def post_organization_move(
    request: HttpRequest, organization_id: UUID, body: OrganizationMove
) -> HttpResponse:
    """Move a reseller or tenant, with all below it, under another parent of the group.

    No effect if that is its parent already. A move of more than 10,000 subscriptions is a job.
    """
    ids = {"organization_id": organization_id, "parent_id": body.parent_id}
    if body.dry_run:
        return json_response(preview_organization_move(actor_of(request), **ids))
    answer = move_or_submit(retrying_actor(request), **ids)
    return accepted(answer, organization_id) if answer.status == 202 else respond(answer)


@router.post(
    tenancy.SUBSCRIPTION + "/move",
    auth=RequirePermission(MOVE, subscription_id=find_subscription, tenant_id=find_organization),
    response={200: SubscriptionDocument | MovePreview, **PROBLEMS},
    tags=["subscriptions"],
)
def post_subscription_move(
    request: HttpRequest, subscription_id: UUID, body: SubscriptionMove
) -> HttpResponse:
    """Move a subscription, with all that it has, to another tenant of the group.

    No effect if that is its tenant already.
    """
    ids = {"subscription_id": subscription_id, "tenant_id": body.tenant_id}
    if body.dry_run:
        return json_response(preview_subscription_move(actor_of(request), **ids))
    return respond(move_subscription(retrying_actor(request), **ids))
