"""The routes that change states of subscriptions and dates of orders, and delete organizations."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Body, Router

from fusion.access.http_auth import RequirePermission, actor_of, respond, retrying_actor
from fusion.access.permissions import CANCEL_ORDERS, MANAGE_ORGANIZATIONS, SUSPEND, TERMINATE
from fusion.access.use_case import Answer
from fusion.kernel.http import json_response
from fusion.kernel.schemas import PROBLEMS
from fusion.lifecycle.delete_organization import delete_organization, find_organization_to_delete
from fusion.lifecycle.placing import StateChange
from fusion.lifecycle.preview import preview_state
from fusion.lifecycle.reschedule import reschedule_order
from fusion.lifecycle.resume import resume
from fusion.lifecycle.schedule import schedule
from fusion.lifecycle.schemas import OrderPatch, StateBody, StatePreview
from fusion.lifecycle.suspend import suspend
from fusion.lifecycle.terminate import terminate
from fusion.ordering import api as ordering
from fusion.ordering.api import ORDERS
from fusion.ordering.models import RESUMPTION, SUSPENSION, TERMINATION
from fusion.ordering.permissions import find_order_to_cancel
from fusion.ordering.schemas import OrderDocument
from fusion.tenancy import api as tenancy
from fusion.tenancy.queries import find_subscription
from fusion.tenancy.schemas import SubscriptionDocument

router = Router()


@tenancy.router.delete(
    tenancy.ORGANIZATION,
    auth=RequirePermission(MANAGE_ORGANIZATIONS, organization_id=find_organization_to_delete),
    response={204: None, **PROBLEMS},
    tags=["organizations"],
)
def delete_one_organization(request: HttpRequest, organization_id: UUID) -> HttpResponse:
    """Delete an organization that has nothing active below it."""
    return respond(delete_organization(actor_of(request), organization_id=organization_id))


@ordering.router.patch(
    "/orders/{uuid:order_id}",
    auth=RequirePermission(CANCEL_ORDERS, order_id=find_order_to_cancel),
    response={200: OrderDocument, **PROBLEMS},
    tags=["orders"],
)
def patch_order(request: HttpRequest, order_id: UUID, body: OrderPatch) -> HttpResponse:
    """Move a scheduled order to another date; one that is past carries it out at once.

    An order that suspends, resumes or terminates requires `tenancy:write`.
    """
    actor = retrying_actor(request)
    return respond(reschedule_order(actor, order_id=order_id, effective_at=body.effective_at))


ANSWERS = {200: SubscriptionDocument | StatePreview, 201: OrderDocument, **PROBLEMS}
DEFAULTS: StateBody = Body(default=StateBody())  # type: ignore[type-arg]
"""The body if it is left out: every option has its default."""


@router.post(
    tenancy.SUBSCRIPTION + "/suspend",
    auth=RequirePermission(SUSPEND, subscription_id=find_subscription),
    response=ANSWERS,
    tags=["subscriptions"],
)
def post_suspend(
    request: HttpRequest, subscription_id: UUID, body: StateBody = DEFAULTS
) -> HttpResponse:
    """Suspend a subscription for a reason; no effect if already suspended for that reason.

    With `effective_at`: 201 with a scheduled order.
    """
    return _change(request, subscription_id, body.change(SUSPENSION), body, suspend)


@router.post(
    tenancy.SUBSCRIPTION + "/resume",
    auth=RequirePermission(SUSPEND, subscription_id=find_subscription),
    response=ANSWERS,
    tags=["subscriptions"],
)
def post_resume(
    request: HttpRequest, subscription_id: UUID, body: StateBody = DEFAULTS
) -> HttpResponse:
    """Lift the hold with this reason, or all holds; no effect if there is none.

    The subscription becomes active when no hold is left. With `effective_at`: 201 with a scheduled
    order.
    """
    return _change(request, subscription_id, body.change(RESUMPTION), body, resume)


@router.post(
    tenancy.SUBSCRIPTION + "/terminate",
    auth=RequirePermission(TERMINATE, subscription_id=find_subscription),
    response=ANSWERS,
    tags=["subscriptions"],
)
def post_terminate(
    request: HttpRequest, subscription_id: UUID, body: StateBody = DEFAULTS
) -> HttpResponse:
    """Terminate a subscription; no effect if already terminated. It can be restored for a time.

    With `effective_at`: 201 with a scheduled order.
    """
    return _change(request, subscription_id, body.change(TERMINATION), body, terminate)


def _change(
    request: HttpRequest,
    subscription_id: UUID,
    change: StateChange,
    body: StateBody,
    do_now: Callable[..., Answer],
) -> HttpResponse:
    if body.dry_run:
        actor = actor_of(request)
        return json_response(preview_state(actor, subscription_id=subscription_id, change=change))
    actor = retrying_actor(request)
    facts: dict[str, Any] = {
        "subscription_id": subscription_id,
        "reason": change.reason,
        "note": change.note,
        "external_reference": change.external_reference,
    }
    if change.effective_at is None:
        return respond(do_now(actor, **facts))
    answer = schedule(actor, kind=change.kind, effective_at=change.effective_at, **facts)
    return respond(answer, location=ORDERS)
