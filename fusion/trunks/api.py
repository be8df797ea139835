"""Routes of SIP trunks, of the numbers on them, and of the use of their channels."""

from functools import partial
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja import Query, Router

from fusion.access.http_auth import RequirePermission, actor_of, respond, retrying_actor
from fusion.access.permissions import PROVISION, READ_CALLS, READ_PROVISIONING
from fusion.kernel.http import json_response
from fusion.kernel.openapi import also_files
from fusion.kernel.schemas import PROBLEMS, READ_PROBLEMS, Listing, Page
from fusion.kernel.sheets.send import send_list
from fusion.numbers.paths import NumberPath
from fusion.numbers.resolve import number_in_path
from fusion.numbers.schemas import NumberDocument
from fusion.tenancy.queries import find_subscription
from fusion.trunks.create_trunk import create_trunk
from fusion.trunks.delete_trunk import delete_trunk
from fusion.trunks.edit_trunk import edit_trunk
from fusion.trunks.queries import channel_use, find_trunk, list_numbers, list_trunks, trunk_document
from fusion.trunks.route_number import route_number
from fusion.trunks.schemas import ChannelUse, Hours, TrunkBody, TrunkDocument, TrunkPatch
from fusion.trunks.unroute_number import unroute_number

router = Router(tags=["trunks"])

TRUNKS = "/subscriptions/{uuid:subscription_id}/trunks"
TRUNK = TRUNKS + "/{uuid:trunk_id}"
NUMBER = TRUNK + "/numbers/{written:e164}"

READING = RequirePermission(
    READ_PROVISIONING, subscription_id=find_subscription, trunk_id=find_trunk
)
WRITING = RequirePermission(PROVISION, subscription_id=find_subscription, trunk_id=find_trunk)


@router.post(
    TRUNKS,
    auth=RequirePermission(PROVISION, subscription_id=find_subscription),
    response={201: TrunkDocument, **PROBLEMS},
)
def add_trunk(request: HttpRequest, subscription_id: UUID, body: TrunkBody) -> HttpResponse:
    """Add a SIP trunk; its calls use the subscription's channels."""
    answer = create_trunk(
        retrying_actor(request), subscription_id=subscription_id, **body.model_dump()
    )
    return respond(answer, location=f"/api/v1/subscriptions/{subscription_id}/trunks")


@router.get(
    TRUNKS,
    auth=RequirePermission(READ_PROVISIONING, subscription_id=find_subscription),
    response={200: Page[TrunkDocument], **READ_PROBLEMS},
    openapi_extra=also_files(),
)
def trunks(request: HttpRequest, subscription_id: UUID, params: Query[Listing]) -> HttpResponseBase:
    """List the trunks of a subscription, newest first."""
    columns = tuple(TrunkDocument.model_fields)
    pages = partial(list_trunks, actor_of(request), subscription_id=subscription_id)
    return send_list(request, params, "trunks", columns, pages)


@router.get(TRUNK, auth=READING, response={200: TrunkDocument, **READ_PROBLEMS})
def one_trunk(request: HttpRequest, subscription_id: UUID, trunk_id: UUID) -> HttpResponse:
    """One trunk."""
    return json_response(trunk_document(find_trunk(actor_of(request), trunk_id, subscription_id)))


@router.patch(TRUNK, auth=WRITING, response={200: TrunkDocument, **PROBLEMS})
def change_trunk(
    request: HttpRequest, subscription_id: UUID, trunk_id: UUID, body: TrunkPatch
) -> HttpResponse:
    """Change the name or the cap; a lower cap does not cut live calls."""
    changes = body.model_dump(exclude_unset=True)
    answer = edit_trunk(
        actor_of(request), subscription_id=subscription_id, trunk_id=trunk_id, changes=changes
    )
    return respond(answer)


@router.delete(TRUNK, auth=WRITING, response={204: None, **PROBLEMS})
def remove_trunk(request: HttpRequest, subscription_id: UUID, trunk_id: UUID) -> HttpResponse:
    """Delete a trunk without numbers and live calls; its call records stay."""
    return respond(
        delete_trunk(actor_of(request), subscription_id=subscription_id, trunk_id=trunk_id)
    )


@router.get(
    TRUNK + "/numbers",
    auth=READING,
    response={200: Page[NumberDocument], **READ_PROBLEMS},
    openapi_extra=also_files(),
)
def numbers_of_trunk(
    request: HttpRequest, subscription_id: UUID, trunk_id: UUID, params: Query[Listing]
) -> HttpResponseBase:
    """List the numbers routed to a trunk, by number."""
    trunk = find_trunk(actor_of(request), trunk_id, subscription_id)
    columns = tuple(NumberDocument.model_fields)
    return send_list(request, params, "numbers", columns, partial(list_numbers, trunk.id))


@router.put(NUMBER, auth=WRITING, response={200: NumberDocument, **PROBLEMS})
def put_number(
    request: HttpRequest, subscription_id: UUID, trunk_id: UUID, e164: NumberPath
) -> HttpResponse:
    """Route a number of the subscription to the trunk. This uses no user licence."""
    actor = actor_of(request)
    e164 = number_in_path(actor, e164, subscription_id)
    answer = route_number(actor, subscription_id=subscription_id, trunk_id=trunk_id, e164=e164)
    return respond(answer)


@router.delete(NUMBER, auth=WRITING, response={204: None, **PROBLEMS})
def remove_number(
    request: HttpRequest, subscription_id: UUID, trunk_id: UUID, e164: NumberPath
) -> HttpResponse:
    """Remove a number from the trunk; the subscription keeps it."""
    actor = actor_of(request)
    e164 = number_in_path(actor, e164, subscription_id)
    answer = unroute_number(actor, subscription_id=subscription_id, trunk_id=trunk_id, e164=e164)
    return respond(answer)


@router.get(
    "/subscriptions/{uuid:subscription_id}/channels",
    auth=RequirePermission(READ_CALLS, subscription_id=find_subscription),
    response={200: ChannelUse, **READ_PROBLEMS},
    tags=["calls"],
)
def channels(request: HttpRequest, subscription_id: UUID, params: Query[Hours]) -> HttpResponse:
    """Read the live calls and the hourly peaks of a period."""
    since, until = params.bounds()
    return json_response(channel_use(subscription_id, since=since, until=until))
