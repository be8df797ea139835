"""Routes of changes of many numbers of a subscription, whose links may end with them."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Router

from fusion.access.http_auth import RequirePermission, respond, retrying_actor
from fusion.access.permissions import PROVISION
from fusion.kernel.schemas import PROBLEMS
from fusion.lifecycle.change_numbers import change_numbers, move_numbers
from fusion.lifecycle.number_schemas import ChangeResults, ChangesBody, MoveBody, read_link
from fusion.numbers.api import SUBSCRIPTION
from fusion.numbers.schemas import Numbers
from fusion.tenancy.queries import find_subscription
from fusion.trunks.queries import find_trunk
from fusion.users.link_many import link_numbers

router = Router(tags=["numbers"])

TWO_SUBSCRIPTIONS = RequirePermission(
    PROVISION, hot=True, subscription_id=find_subscription, to_subscription_id=find_subscription
)
AND_A_TRUNK = RequirePermission(
    PROVISION,
    hot=True,
    subscription_id=find_subscription,
    to_subscription_id=find_subscription,
    trunk_id=find_trunk,
)


@router.post(SUBSCRIPTION + "/move", auth=TWO_SUBSCRIPTIONS, response={200: Numbers, **PROBLEMS})
def move_to_subscription(
    request: HttpRequest, subscription_id: UUID, body: MoveBody
) -> HttpResponse:
    """Move numbers to another subscription that you can see, without a quarantine. All or none."""
    answer = move_numbers(
        retrying_actor(request),
        subscription_id=subscription_id,
        to_subscription_id=body.to_subscription_id,
        choice=body.choice(),
        unlink=body.unlink,
    )
    return respond(answer)


@router.post(SUBSCRIPTION + "/batch", auth=AND_A_TRUNK, response={200: ChangeResults, **PROBLEMS})
def change_many_numbers(
    request: HttpRequest, subscription_id: UUID, body: ChangesBody
) -> HttpResponse:
    """Release, unlink, move or link up to 10,000 numbers, each on its own; a result for each.

    A row that is malformed, or whose number or user another row has, is refused alone.
    """
    if body.links is not None:
        links = [read_link(row) for row in body.links]
        linked = link_numbers(retrying_actor(request), subscription_id=subscription_id, links=links)
        return respond(linked)
    answer = change_numbers(
        retrying_actor(request),
        subscription_id=subscription_id,
        action=body.action,
        choice=body.choice(),
        unlink=body.unlink,
        to_subscription_id=body.to_subscription_id,
        trunk_id=body.trunk_id,
    )
    return respond(answer)
