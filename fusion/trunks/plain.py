"""The fast path for admitting and ending a call: the token's look-up and the change in one round
trip.

Proxies send these requests a thousand times a second, so this path bypasses Ninja. A request that
is malformed, or that must be counted first, is left to the regular route (`calls_api.py`), which
refuses it with the checks in the usual order. Both requests are idempotent, so a statement that met
a dead connection is sent again.
"""

from typing import Any
from uuid import UUID

import orjson
from django.http import HttpRequest, HttpResponse
from pydantic import ValidationError

from fusion.access.actor import Request
from fusion.access.authenticate import authenticate
from fusion.access.http_auth import respond
from fusion.access.permissions import ADMIT_CALLS
from fusion.access.use_case import Answer
from fusion.kernel.environment import setting
from fusion.kernel.errors import Problem, problem_of
from fusion.kernel.http import read_json
from fusion.trunks.deeds import ADMIT, END
from fusion.trunks.end_call import answer_of_end
from fusion.trunks.models import DIRECTIONS
from fusion.trunks.schemas import MAX_CALL_ID, CallBody


def put_call(
    request: HttpRequest, trunk_id: UUID, direction: str, call_id: str
) -> HttpResponse | None:
    """201 or 200 like the regular route; None if the regular route must answer."""
    body = _body_of(request)
    if body is None or not _is_plain(direction, call_id):
        return None
    lease = setting("FUSION_CALL_LEASE_SECONDS")
    told = _do(request, ADMIT, [trunk_id, direction, call_id, body.caller, body.callee, lease])
    status, answer = int(told[:3]), told[3:]
    if status >= 400:
        raise problem_of(orjson.loads(answer))
    created = {"Location": request.get_full_path()} if status == 201 else None
    return respond(Answer(status, answer), headers=created)


def delete_call(
    request: HttpRequest, trunk_id: UUID, direction: str, call_id: str
) -> HttpResponse | None:
    """204 like the regular route; None if the regular route must answer."""
    if not _is_plain(direction, call_id):
        return None
    told = _do(request, END, [trunk_id, direction, call_id])
    return respond(answer_of_end(known=told != "unknown"))


def _is_plain(direction: str, call_id: str) -> bool:
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


def _do(request: HttpRequest, deed: str, parameters: list[Any]) -> str:
    """Run the expression and return its answer. Problems: `unauthenticated`, `forbidden`."""
    asked = Request(id=getattr(request, "request_id", ""))
    actor, told = authenticate(request, asked, deed, parameters)
    ADMIT_CALLS.require_scope(actor)
    ADMIT_CALLS.require_role(actor)
    return str(told)
