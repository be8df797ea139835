"""The hot routes of admitting, renewing and ending calls: see `calls_api.py`.

A proxy whose HTTP client supports only POST names the method in a header.
"""

import re

from django.http import HttpRequest
from django.utils.encoding import escape_uri_path

from fusion.access.hot_route import HotRequest, HotRoute, Members
from fusion.access.permissions import ADMIT_CALLS
from fusion.access.use_case import Answer
from fusion.trunks import admit, end_call
from fusion.trunks.models import DIRECTIONS
from fusion.trunks.schemas import MAX_CALL_ID, CallBody

CALL = "trunks/<uuidstr:trunk_id>/calls/<direction>/<path:call_id>"

ORDINARY = re.compile(r"(?:sips?:|tel:)?\+?[0-9]{10,15}(?:[@;].*)?", re.ASCII)
"""A callee that is no emergency number anywhere: those have at most six digits, and a country code
at most three. An emergency call waits for nobody."""


def _read_admission(request: HotRequest) -> Members | None:
    call = _named(request)
    if call is None:
        return None
    body = CallBody.model_validate(request.body)
    return admit.admission(**call, **body.model_dump())


def _named(request: HotRequest) -> Members | None:
    """The call that the path names; None unless all of it is clean."""
    call_id = request.parameters["call_id"]
    # Printable ASCII without surrounding spaces is clean; anything else is checked in full.
    clean = call_id.isprintable() and call_id.strip(" ") == call_id
    if not clean or len(call_id) > MAX_CALL_ID or request.parameters["direction"] not in DIRECTIONS:
        return None
    return dict(request.parameters)


def headers_admitted(request: HotRequest | HttpRequest, answer: Answer) -> dict[str, str]:
    """The headers of the response to an admission; a new call has a URL."""
    return {"Location": escape_uri_path(request.path)} if answer.status == 201 else {}


def _is_ordinary(members: Members) -> bool:
    return ORDINARY.fullmatch(members["callee"]) is not None


def _admission(method: str, instead_of: str | None = None) -> HotRoute:
    return HotRoute(
        method,
        CALL,
        ADMIT_CALLS,
        admit.FUNCTION,
        _read_admission,
        headers_admitted,
        has_body=True,
        instead_of=instead_of,
        is_audited=False,
        is_repeatable=True,
        try_lock="trunks_try_lock_calls",
        may_share=_is_ordinary,
    )


def _end(method: str, instead_of: str | None = None) -> HotRoute:
    return HotRoute(
        method,
        CALL,
        ADMIT_CALLS,
        end_call.FUNCTION,
        _named,
        instead_of=instead_of,
        is_audited=False,
        is_repeatable=True,
        try_lock="trunks_try_lock_calls",
    )


HOT = (_admission("PUT"), _end("DELETE"), _admission("POST", "PUT"), _end("POST", "DELETE"))
