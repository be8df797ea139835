"""The route that restores a terminated subscription."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Body, Router

from fusion.access.http_auth import RequirePermission, actor_of, respond, retrying_actor
from fusion.access.permissions import TERMINATE
from fusion.kernel.http import json_response
from fusion.kernel.schemas import PROBLEMS
from fusion.lifecycle.restore import preview_restoration, restore
from fusion.lifecycle.restore_schemas import RestoreBody, RestoredSubscription, RestorePreview
from fusion.tenancy import api as tenancy
from fusion.tenancy.queries import find_subscription

router = Router()

DEFAULTS: RestoreBody = Body(default=RestoreBody())  # type: ignore[type-arg]
"""The body if it is left out: every option has its default."""


@router.post(
    tenancy.SUBSCRIPTION + "/restore",
    auth=RequirePermission(TERMINATE, subscription_id=find_subscription),
    response={200: RestoredSubscription | RestorePreview, **PROBLEMS},
    tags=["subscriptions"],
)
def post_restore(
    request: HttpRequest, subscription_id: UUID, body: RestoreBody = DEFAULTS
) -> HttpResponse:
    """Undo the termination of a subscription, within the quarantine time of its numbers.

    Its holdings come back by revision, and the numbers that are still in quarantine. Links of
    users, routes to trunks, cancelled orders and ended requests do not.
    """
    facts: dict[str, Any] = {
        "subscription_id": subscription_id,
        "note": body.note,
        "external_reference": body.external_reference,
    }
    if body.dry_run:
        return json_response(preview_restoration(actor_of(request), **facts))
    return respond(restore(retrying_actor(request), **facts))
