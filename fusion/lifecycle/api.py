"""The routes that end things: the states of subscriptions, and deleting organizations."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Router

from fusion.kernel.schemas import PROBLEMS
from fusion.lifecycle.delete_organization import delete_organization, find_organization_to_delete
from fusion.lifecycle.resume import resume
from fusion.lifecycle.suspend import suspend
from fusion.lifecycle.terminate import terminate
from fusion.tenancy import api as tenancy
from fusion.tenancy.guard import Door, actor_of, respond, retrying_actor
from fusion.tenancy.permissions import MANAGE_ORGANIZATIONS, SUSPEND, TERMINATE
from fusion.tenancy.queries import find_subscription
from fusion.tenancy.schemas import SubscriptionDocument

router = Router()


@tenancy.router.delete(
    tenancy.ORGANIZATION,
    auth=Door(MANAGE_ORGANIZATIONS, organization_id=find_organization_to_delete),
    response={204: None, **PROBLEMS},
    tags=["organizations"],
)
def delete_one_organization(request: HttpRequest, organization_id: UUID) -> HttpResponse:
    """Delete an organization under which nothing lives any more."""
    return respond(delete_organization(actor_of(request), organization_id=organization_id))


@router.post(
    tenancy.SUBSCRIPTION + "/suspend",
    auth=Door(SUSPEND, subscription_id=find_subscription),
    response={200: SubscriptionDocument, **PROBLEMS},
    tags=["subscriptions"],
)
def post_suspend(request: HttpRequest, subscription_id: UUID) -> HttpResponse:
    """Suspend a subscription; harmless where it is suspended already."""
    return respond(suspend(retrying_actor(request), subscription_id=subscription_id))


@router.post(
    tenancy.SUBSCRIPTION + "/resume",
    auth=Door(SUSPEND, subscription_id=find_subscription),
    response={200: SubscriptionDocument, **PROBLEMS},
    tags=["subscriptions"],
)
def post_resume(request: HttpRequest, subscription_id: UUID) -> HttpResponse:
    """Resume a subscription; harmless where it is active already."""
    return respond(resume(retrying_actor(request), subscription_id=subscription_id))


@router.post(
    tenancy.SUBSCRIPTION + "/terminate",
    auth=Door(TERMINATE, subscription_id=find_subscription),
    response={200: SubscriptionDocument, **PROBLEMS},
    tags=["subscriptions"],
)
def post_terminate(request: HttpRequest, subscription_id: UUID) -> HttpResponse:
    """Terminate a subscription, for good; harmless where it is terminated already."""
    return respond(terminate(retrying_actor(request), subscription_id=subscription_id))
