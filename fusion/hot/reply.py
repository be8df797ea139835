"""The replies of the hot application, with the bytes that Django's responses have."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import orjson
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse

from fusion.access.hot_route import HotRequest, HotRoute
from fusion.access.http_auth import REPLAYED
from fusion.access.use_case import Answer
from fusion.edge.middleware import add_headers
from fusion.edge.problems import code_of, handler500
from fusion.hot.database import Outcome
from fusion.hot.form import Environ
from fusion.kernel.errors import problem_of
from fusion.kernel.http import JSON, PROBLEM

Headers = list[tuple[str, str]]

ID = "{request id}"


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to one request; `code` is that of a problem."""

    status: int
    headers: Headers
    body: bytes
    code: str | None = None


def reply_of(route: HotRoute, request: HotRequest, outcome: Outcome, request_id: str) -> Reply:
    """The answer that the described route gives for this outcome."""
    status = outcome.status
    if status < 400:
        own = {
            **(REPLAYED if outcome.is_replay else {}),
            **route.headers(request, Answer(status, outcome.text)),
        }
        return success(status, outcome.text.encode(), own, request_id)
    problem = problem_of(orjson.loads(outcome.text))
    body = orjson.dumps(problem.document(), default=str)
    headers = _headers(problem.headers, PROBLEM, body, request_id)
    return Reply(status, headers, body, problem.code)


def success(status: int, body: bytes, own: Mapping[str, str], request_id: str) -> Reply:
    """An answer with this JSON and with headers of its own."""
    return Reply(status, _headers(own, JSON, body, request_id), body)


def _headers(own: Mapping[str, str], media_type: str, body: bytes, request_id: str) -> Headers:
    headers = list(own.items())
    if body:
        headers.append(("Content-Length", str(len(body))))
    headers += [
        (name, request_id if value is ID else value)
        for name, value in _common(media_type if body else None)
    ]
    return headers


@cache
def _common(media_type: str | None) -> Headers:
    """The headers of every response of this media type; None for one without a body."""
    response = HttpResponse(b"", media_type)
    add_headers(response, ID)
    return [(name, ID if value == ID else value) for name, value in response.items()]


def reply_to_fault(environ: Environ, request_id: str) -> Reply:
    """The answer to an exception that is being handled: an outage of the database, or a fault."""
    request = WSGIRequest(environ)
    request.request_id = request_id  # type: ignore[attr-defined]
    response = handler500(request)
    add_headers(response, request_id)
    return Reply(response.status_code, list(response.items()), response.content, code_of(response))
