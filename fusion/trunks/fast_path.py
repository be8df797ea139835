"""The fast path for admitting and ending a call: the token's look-up and the change in one round
trip.

Proxies send these requests a thousand times a second, so this path bypasses Ninja. A request that
is malformed, or that must be counted first, is left to the regular route (`calls_api.py`), which
refuses it with the checks in the usual order. Both requests are idempotent, so a statement that met
a dead connection is sent again.
"""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from pydantic import ValidationError

from fusion.access.db_function import call_with_token
from fusion.access.http_auth import respond
from fusion.access.permissions import ADMIT_CALLS
from fusion.access.use_case import Answer
from fusion.kernel.environment import setting
from fusion.kernel.errors import Problem
from fusion.kernel.http import read_json
from fusion.trunks import admit, end_call
from fusion.trunks.models import DIRECTIONS
from fusion.trunks.schemas import MAX_CALL_ID, CallBody


def put_call(
    request: HttpRequest, trunk_id: UUID, direction: str, call_id: str
) -> HttpResponse | None:
    """201 or 200 like the regular route; None if the regular route must answer."""
    body = _body_of(request)
    if body is None or not _is_well_formed(direction, call_id):
        return None
    call = admit.admission(trunk_id, direction, call_id, **body.model_dump())
    return respond_admitted(request, call_with_token(request, ADMIT_CALLS, admit.FUNCTION, **call))


def delete_call(
    request: HttpRequest, trunk_id: UUID, direction: str, call_id: str
) -> HttpResponse | None:
    """204 like the regular route; None if the regular route must answer."""
    if not _is_well_formed(direction, call_id):
        return None
    call = {"trunk_id": trunk_id, "direction": direction, "call_id": call_id}
    return respond(call_with_token(request, ADMIT_CALLS, end_call.FUNCTION, **call))


def respond_admitted(request: HttpRequest, answer: Answer) -> HttpResponse:
    """The response to an admission; a new call has a URL."""
    created = answer.status == 201
    return respond(answer, headers={"Location": request.get_full_path()} if created else None)


def _is_well_formed(direction: str, call_id: str) -> bool:
    # Printable ASCII without surrounding spaces is clean; anything else is checked in full.
    clean = call_id.isascii() and call_id.isprintable() and call_id.strip(" ") == call_id
    return (
        clean
        and direction in DIRECTIONS
        and len(call_id) <= MAX_CALL_ID
        and not setting("FUSION_RATE_LIMIT")
    )


def _body_of(request: HttpRequest) -> CallBody | None:
    try:
        return CallBody.model_validate(read_json(request))
    except (Problem, ValidationError):
        return None
