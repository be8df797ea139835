"""Routes of number ranges, the inventory, and the numbers of a subscription."""

from functools import partial
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja import Body as NinjaBody
from ninja import Query, Router

from fusion.access.http_auth import RequirePermission, actor_of, respond, retrying_actor
from fusion.access.permissions import (
    MANAGE_RANGES,
    PROVISION,
    READ_PROVISIONING,
    READ_RANGES,
    RESTOCK,
)
from fusion.kernel.http import json_response
from fusion.kernel.openapi import also_files
from fusion.kernel.schemas import PROBLEMS, READ_PROBLEMS, Listing, Page
from fusion.kernel.sheets.send import send_list
from fusion.numbers.assign import assign_numbers
from fusion.numbers.change_range import change_range, delete_range
from fusion.numbers.create_range import create_range
from fusion.numbers.models import IN, OUT
from fusion.numbers.paths import NumberPath
from fusion.numbers.port_in import port_in
from fusion.numbers.port_out import port_out
from fusion.numbers.port_schemas import WrittenPort
from fusion.numbers.porting import PORT
from fusion.numbers.queries import (
    find_range,
    free_counts,
    list_numbers,
    list_ranges,
    range_document,
    read_number,
)
from fusion.numbers.release import release_number
from fusion.numbers.resolve import home_country, number_in_path
from fusion.numbers.restock import restock
from fusion.numbers.restore import restore_number
from fusion.numbers.schedule_port import schedule_port
from fusion.numbers.schemas import (
    AssignmentBody,
    FreeCount,
    NumberDocument,
    NumberFilter,
    Numbers,
    OwnNumberFilter,
    PortedNumbers,
    PortInBody,
    PortOutBody,
    RangeBody,
    RangeChanges,
    RangeDocument,
    RestockBody,
    WrittenRange,
)
from fusion.tenancy.queries import find_subscription

router = Router(tags=["numbers"])

RANGES = "/api/v1/number-ranges"
SUBSCRIPTION = "/subscriptions/{uuid:subscription_id}/numbers"
NUMBER = SUBSCRIPTION + "/{written:e164}"

NUMBER_COLUMNS = tuple(NumberDocument.model_fields)

PORTS = "/api/v1/port-requests"
AT_ONCE: PortOutBody = NinjaBody(default=PortOutBody())  # type: ignore[type-arg]
"""A body that may be omitted."""

PORTING = RequirePermission(PORT, hot=True, subscription_id=find_subscription)
PROVISIONING = RequirePermission(PROVISION, hot=True, subscription_id=find_subscription)


@router.post(
    SUBSCRIPTION,
    auth=PROVISIONING,
    response={201: Numbers, **PROBLEMS},
)
def assign(request: HttpRequest, subscription_id: UUID, body: AssignmentBody) -> HttpResponse:
    """Assign or reserve the given numbers, or the next free numbers of a SKU. All or none."""
    answer = assign_numbers(
        retrying_actor(request), subscription_id=subscription_id, **body.model_dump()
    )
    return respond(answer, headers={"Location": _numbers_of(subscription_id)})


@router.post(
    SUBSCRIPTION + "/port-in",
    auth=PORTING,
    response={201: PortedNumbers, 202: WrittenPort, **PROBLEMS},
)
def port_in_numbers(request: HttpRequest, subscription_id: UUID, body: PortInBody) -> HttpResponse:
    """Port numbers in from another operator and assign them to the subscription. All or none.

    With `effective_at`: 202 with an approved port request; the numbers are reserved until then.
    """
    actor = retrying_actor(request)
    if body.effective_at is not None:
        answer = schedule_port(
            actor, subscription_id=subscription_id, direction=IN, **body.model_dump()
        )
        return respond(answer, headers={"Location": f"{PORTS}/{answer.body['id']}"})
    members = body.model_dump(exclude={"effective_at"})
    answer = port_in(actor, subscription_id=subscription_id, **members)
    return respond(answer, headers={"Location": _numbers_of(subscription_id)})


@router.get(
    SUBSCRIPTION,
    auth=RequirePermission(READ_PROVISIONING, subscription_id=find_subscription),
    response={200: Page[NumberDocument], **READ_PROBLEMS},
    openapi_extra=also_files(),
)
def numbers_of_subscription(
    request: HttpRequest, subscription_id: UUID, params: Query[OwnNumberFilter]
) -> HttpResponseBase:
    """List the numbers of a subscription by number, including its numbers in quarantine."""
    actor = actor_of(request)
    wanted = params.wanted(lambda: home_country(actor, subscription_id), subscription_id)
    pages = partial(list_numbers, actor, wanted)
    return send_list(request, params, "numbers", NUMBER_COLUMNS, pages)


@router.delete(NUMBER, auth=PROVISIONING, response={204: None, **PROBLEMS})
def release(request: HttpRequest, subscription_id: UUID, e164: NumberPath) -> HttpResponse:
    """Release a number; an assigned number goes into quarantine, a reserved one becomes free."""
    actor = actor_of(request)
    e164 = number_in_path(actor, e164, subscription_id)
    return respond(release_number(actor, subscription_id=subscription_id, e164=e164))


@router.post(NUMBER + "/restore", auth=PROVISIONING, response={200: NumberDocument, **PROBLEMS})
def restore(request: HttpRequest, subscription_id: UUID, e164: NumberPath) -> HttpResponse:
    """Restore a number from quarantine to the subscription that had it."""
    actor = retrying_actor(request)
    e164 = number_in_path(actor, e164, subscription_id)
    return respond(restore_number(actor, subscription_id=subscription_id, e164=e164))


@router.post(
    NUMBER + "/port-out",
    auth=PORTING,
    response={204: None, 202: WrittenPort, **PROBLEMS},
)
def port_out_number(
    request: HttpRequest, subscription_id: UUID, e164: NumberPath, body: PortOutBody = AT_ONCE
) -> HttpResponse:
    """Port a number out to another operator.

    A number of your ranges stays known as `ported_out`; one that was ported in leaves the
    inventory. With `effective_at`: 202 with an approved port request.
    """
    actor = retrying_actor(request)
    e164 = number_in_path(actor, e164, subscription_id)
    if body.effective_at is None:
        return respond(port_out(actor, subscription_id=subscription_id, e164=e164))
    answer = schedule_port(
        actor,
        subscription_id=subscription_id,
        direction=OUT,
        numbers=[e164],
        effective_at=body.effective_at,
    )
    return respond(answer, headers={"Location": f"{PORTS}/{answer.body['id']}"})


@router.post(
    "/number-ranges",
    auth=RequirePermission(MANAGE_RANGES),
    response={201: WrittenRange, **PROBLEMS},
)
def add_range(request: HttpRequest, body: RangeBody) -> HttpResponse:
    """Add up to 1,000,000 consecutive numbers to the inventory, as free numbers of a SKU."""
    return respond(create_range(retrying_actor(request), **body.model_dump()), location=RANGES)


@router.patch(
    "/number-ranges/{uuid:range_id}",
    auth=RequirePermission(MANAGE_RANGES, range_id=find_range),
    response={200: WrittenRange, **PROBLEMS},
)
def patch_range(request: HttpRequest, range_id: UUID, body: RangeChanges) -> HttpResponse:
    """Correct the SKU or the ends of a range; the numbers that change must be free."""
    changes = body.model_dump(exclude_unset=True)
    return respond(change_range(actor_of(request), range_id=range_id, changes=changes))


@router.delete(
    "/number-ranges/{uuid:range_id}",
    auth=RequirePermission(MANAGE_RANGES, range_id=find_range),
    response={204: None, **PROBLEMS},
)
def remove_range(request: HttpRequest, range_id: UUID) -> HttpResponse:
    """Remove a range with all its numbers, which must be free."""
    return respond(delete_range(actor_of(request), range_id=range_id))


@router.get(
    "/number-ranges",
    auth=RequirePermission(READ_RANGES),
    response={200: Page[RangeDocument], **READ_PROBLEMS},
    openapi_extra=also_files(),
)
def ranges(request: HttpRequest, params: Query[Listing]) -> HttpResponseBase:
    """List the ranges of your group, newest first."""
    columns = tuple(RangeDocument.model_fields)
    pages = partial(list_ranges, actor_of(request))
    return send_list(request, params, "number-ranges", columns, pages)


@router.get(
    "/number-ranges/{uuid:range_id}",
    auth=RequirePermission(READ_RANGES, range_id=find_range),
    response={200: RangeDocument, **READ_PROBLEMS},
)
def one_range(request: HttpRequest, range_id: UUID) -> HttpResponse:
    """One range."""
    return json_response(range_document(find_range(actor_of(request), range_id)))


@router.get(
    "/numbers",
    auth=RequirePermission(READ_PROVISIONING, subscription_id=find_subscription),
    response={200: Page[NumberDocument], **READ_PROBLEMS},
    openapi_extra=also_files(),
)
def numbers(request: HttpRequest, params: Query[NumberFilter]) -> HttpResponseBase:
    """List the inventory by number; below the group, your own and the assignable numbers."""
    actor = actor_of(request)
    wanted = params.wanted(
        lambda: home_country(actor, params.subscription_id), params.subscription_id
    )
    pages = partial(list_numbers, actor, wanted)
    return send_list(request, params, "numbers", NUMBER_COLUMNS, pages)


@router.get(
    "/numbers/summary",
    auth=RequirePermission(READ_PROVISIONING),
    response={200: Page[FreeCount], **READ_PROBLEMS},
    openapi_extra=also_files(),
)
def summary(request: HttpRequest, params: Query[Listing]) -> HttpResponseBase:
    """Count the free numbers of each entitlement SKU, up to 10,000."""
    columns = tuple(FreeCount.model_fields)
    return send_list(request, params, "stock", columns, partial(free_counts, actor_of(request)))


@router.get(
    "/numbers/{written:e164}",
    auth=RequirePermission(READ_PROVISIONING),
    response={200: NumberDocument, **READ_PROBLEMS},
)
def number(request: HttpRequest, e164: NumberPath) -> HttpResponse:
    """One number."""
    actor = actor_of(request)
    return json_response(read_number(actor, number_in_path(actor, e164)))


@router.post(
    "/numbers/{written:e164}/restock",
    auth=RequirePermission(RESTOCK),
    response={200: NumberDocument, **PROBLEMS},
)
def post_restock(request: HttpRequest, e164: NumberPath, body: RestockBody) -> HttpResponse:
    """End the quarantine of a range's number now: it is free, and any subscription can get it."""
    actor = retrying_actor(request)
    e164 = number_in_path(actor, e164)
    return respond(restock(actor, e164=e164, reason=body.reason))


def _numbers_of(subscription_id: UUID) -> str:
    return f"/api/v1/subscriptions/{subscription_id}/numbers"
