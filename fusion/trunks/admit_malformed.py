"""Admitting an emergency call whose request is malformed: only the callee must be readable.

Everything else in such a request is read as far as possible, and the answer names what was
malformed. Other calls stay refused, with the problem that the strict reading found.
"""

import json
import re
from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse

from fusion.access.http_auth import actor_of
from fusion.kernel.errors import MOST_ERRORS, Problem
from fusion.kernel.http import json_response
from fusion.kernel.text import clean_line, clean_signalling
from fusion.trunks.admit import admit
from fusion.trunks.models import DIRECTIONS
from fusion.trunks.schemas import MAX_CALL_ID, MAX_PARTY

MEMBERS = ("caller", "callee", "replaces")

STRING = r'"(?:[^"\\]|\\.)*+"'

FOUND = {
    name: re.compile(rf'(?<!\\)"{name}"\s*:\s*({STRING}|[0-9]+)', re.DOTALL)
    for name in ("caller", "callee")
}
"""A member in a text that is not JSON."""

DOUBLED = "\0doubled"
"""The key for the names that an object has more than once: no name has this character."""


def admit_malformed(request: HttpRequest, problem: Problem) -> HttpResponse | None:
    """The answer to a request that `problem` refuses, if it is one for an emergency call; None if
    it is not.

    Problems: `not-found`, `call-ended`.
    """
    if not _is_admission(request) or request.resolver_match is None:
        return None
    place = request.resolver_match.kwargs
    call_id = clean_signalling(place["call_id"])
    members, malformed = read_members(request.body)
    callee = _text(members.get("callee"))
    if not callee or not 1 <= len(call_id) <= MAX_CALL_ID:
        return None
    direction = place["direction"].strip().lower()
    if direction not in DIRECTIONS:
        direction = "outbound"  # the caller is the customer
    malformed += [error["field"] for error in problem.errors]
    if problem.status in (400, 413, 415):
        malformed.append("body")
    try:
        answer = admit(
            actor_of(request),
            trunk_id=place["trunk_id"],
            direction=direction,
            call_id=call_id,
            caller=_text(members.get("caller")),
            callee=callee,
            replaces=members.get("replaces"),
            malformed=sorted({_text(name) or "" for name in malformed})[:MOST_ERRORS],
        )
    except Problem as other:
        if other.status in (403, 422):
            return None
        raise
    path = f"/api/v1/trunks/{place['trunk_id']}/calls/{direction}/{quote(call_id)}"
    headers = {"Location": path} if answer.status == 201 else None
    return json_response(answer.text, answer.status, headers)


def read_members(body: bytes) -> tuple[dict[str, Any], list[str]]:
    """What can be read of a body, and the names of what is malformed in it.

    `callee` and `caller` may be of any type, `replaces` is a clean text or missing.
    """
    text = body.decode(json.detect_encoding(body), "replace")
    try:
        found = json.loads(text, strict=False, object_pairs_hook=_members)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        return _members_of_text(text), ["body"]
    malformed = found.pop(DOUBLED, [])
    malformed += [name for name in found if name not in MEMBERS]
    malformed += [name for name in ("caller", "callee") if not _is_clean(found.get(name))]
    replaces = found.get("replaces")
    if replaces is not None:
        try:
            found["replaces"] = clean_line(replaces)
        except (ValueError, TypeError, AttributeError):
            del found["replaces"]
            malformed.append("replaces")
    return found, malformed


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        found[DOUBLED] = [name for name in found if names.count(name) > 1]
    return found


def _members_of_text(text: str) -> dict[str, Any]:
    members = {}
    for name, pattern in FOUND.items():
        for written in pattern.findall(text):
            try:
                members[name] = json.loads(written, strict=False)
            except ValueError:
                members[name] = written.strip('"')
    return members


def _is_clean(value: Any) -> bool:
    return isinstance(value, str) and "\ufffd" not in value


def _text(value: Any) -> str | None:
    """A text, or a whole number as text; None for everything else."""
    if isinstance(value, int | float) and not isinstance(value, bool) and value.is_integer():
        value = str(int(value))
    return clean_signalling(value)[:MAX_PARTY] if isinstance(value, str) else None


def _is_admission(request: HttpRequest) -> bool:
    """PUT, or a POST that is not meant to end a call."""
    override = request.META.get("HTTP_X_HTTP_METHOD_OVERRIDE", "")
    return request.method == "PUT" or (request.method == "POST" and override.upper() != "DELETE")
