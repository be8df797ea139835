"""Routes of calls: admitting and ending them, which are live, and what is on record."""

from functools import partial
from typing import Annotated, Literal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja import Header, Path, Query, Router
from pydantic import ValidationError

from fusion.access.http_auth import RequirePermission, actor_of, respond
from fusion.access.permissions import ADMIT_CALLS, READ_CALLS
from fusion.kernel.errors import InvalidFields, fields_problem
from fusion.kernel.fields import Line
from fusion.kernel.http import json_response, read_json
from fusion.kernel.openapi import NAMED_BY_CALLER, also_files
from fusion.kernel.schemas import PROBLEMS, READ_PROBLEMS, Page
from fusion.kernel.sheets.send import require_whole, send_list, send_table
from fusion.kernel.stream import stream, wanted_format
from fusion.kernel.strict import refuse_body
from fusion.tenancy.queries import find_subscription
from fusion.trunks.admit import admit
from fusion.trunks.admit_malformed import admit_malformed
from fusion.trunks.end_call import end_call
from fusion.trunks.hot import headers_admitted
from fusion.trunks.queries import find_trunk, list_calls, read_call
from fusion.trunks.records import WantedRecords, list_records, records_as_json, records_table
from fusion.trunks.schemas import (
    MAX_CALL_ID,
    CallAnswer,
    CallBody,
    CallDocument,
    CallFilter,
    Direction,
    RecordDocument,
    RecordFilter,
)

router = Router(tags=["calls"])

CALL = "/trunks/{uuid:trunk_id}/calls/{direction}/{path:call_id}"

CallId = Annotated[
    str,
    Line(1, MAX_CALL_ID),
    Path(
        description="The call's id on this trunk in this direction, such as its SIP Call-ID.",
        examples=["a84b4c76e66710@192.0.2.10"],
    ),
]

CALLING = RequirePermission(ADMIT_CALLS, hot=True, exempt=admit_malformed, trunk_id=find_trunk)

ADMITTED = {200: CallAnswer, 201: CallAnswer, 410: None, **PROBLEMS}

Override = Annotated[
    Literal["PUT", "DELETE"],
    Header(alias="X-HTTP-Method-Override", description="The method that this POST replaces."),
]


@router.put(CALL, auth=CALLING, response=ADMITTED)
def put_call(
    request: HttpRequest, trunk_id: UUID, direction: Direction, call_id: CallId, body: CallBody
) -> HttpResponse:
    """Admit a call (201), or renew the lease of a live call (200)."""
    return _admit(request, trunk_id, direction, call_id, body)


@router.delete(CALL, auth=CALLING, response={204: None, **PROBLEMS})
def delete_call(
    request: HttpRequest, trunk_id: UUID, direction: Direction, call_id: CallId
) -> HttpResponse:
    """End a call; repeated requests, even before the admission, also return 204."""
    return _end(request, trunk_id, direction, call_id)


@router.post(
    CALL,
    auth=CALLING,
    response={**ADMITTED, 204: None},
    openapi_extra={
        NAMED_BY_CALLER: True,
        "requestBody": {
            "required": False,
            "content": {"application/json": {"schema": CallBody.model_json_schema()}},
        },
    },
)
def post_call(
    request: HttpRequest,
    trunk_id: UUID,
    direction: Direction,
    call_id: CallId,
    override: Override,
) -> HttpResponse:
    """The PUT or DELETE of a call, for SIP proxies whose HTTP client supports only POST."""
    if override == "DELETE":
        refuse_body(request)
        return _end(request, trunk_id, direction, call_id)
    if not request.body:
        raise InvalidFields(body="is missing")
    try:
        body = CallBody.model_validate(read_json(request))
    except ValidationError as error:
        raise fields_problem(error.errors(include_url=False), 0) from None
    return _admit(request, trunk_id, direction, call_id, body)


@router.get(
    CALL,
    auth=RequirePermission(READ_CALLS, trunk_id=find_trunk),
    response={200: CallDocument, **READ_PROBLEMS},
)
def get_call(
    request: HttpRequest, trunk_id: UUID, direction: Direction, call_id: CallId
) -> HttpResponse:
    """Read a live call; an ended call returns 404 and is in the call records."""
    actor = actor_of(request)
    return json_response(read_call(actor, trunk_id=trunk_id, direction=direction, call_id=call_id))


@router.get(
    "/calls",
    auth=RequirePermission(READ_CALLS, subscription_id=find_subscription, trunk_id=find_trunk),
    response={200: Page[CallDocument], **READ_PROBLEMS},
    openapi_extra=also_files(),
)
def calls(request: HttpRequest, params: Query[CallFilter]) -> HttpResponseBase:
    """List the live calls."""
    columns = tuple(CallDocument.model_fields)
    pages = partial(list_calls, actor_of(request), **params.filters())
    return send_list(request, params, "calls", columns, pages)


@router.get(
    "/call-records",
    auth=RequirePermission(READ_CALLS, subscription_id=find_subscription, trunk_id=find_trunk),
    response={200: Page[RecordDocument], **READ_PROBLEMS},
    openapi_extra=also_files(),
)
def call_records(request: HttpRequest, params: Query[RecordFilter]) -> HttpResponseBase:
    """Ended calls, newest first; with `format`, or as CSV, a whole period at once."""
    actor = actor_of(request)
    subscription_id = params.subscription_id
    if params.trunk_id is not None and subscription_id is None:
        subscription_id = find_trunk(actor, params.trunk_id).subscription_id
    wanted = WantedRecords(
        subscription_id=subscription_id,
        trunk_id=params.trunk_id,
        since=params.from_,
        until=params.to,
    )
    format = wanted_format(request, params.format)
    if format != "json" or params.format == "json":
        require_whole(params)
    if format != "json":
        return send_table(records_table(actor, wanted), format)
    if params.format == "json":
        return stream(partial(records_as_json, actor, wanted), media_type="application/json")
    return json_response(list_records(actor, wanted, limit=params.limit, cursor=params.cursor))


def _admit(
    request: HttpRequest, trunk_id: UUID, direction: str, call_id: str, body: CallBody
) -> HttpResponse:
    answer = admit(
        actor_of(request),
        trunk_id=trunk_id,
        direction=direction,
        call_id=call_id,
        **body.model_dump(),
    )
    return respond(answer, headers=headers_admitted(request, answer))


def _end(request: HttpRequest, trunk_id: UUID, direction: str, call_id: str) -> HttpResponse:
    return respond(
        end_call(actor_of(request), trunk_id=trunk_id, direction=direction, call_id=call_id)
    )
