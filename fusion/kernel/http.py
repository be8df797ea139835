"""Parsing bodies and rendering responses: JSON in, JSON or RFC 9457 problem details out."""

import json
import re
from collections.abc import Mapping
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse

from fusion.kernel.errors import MOST_ERRORS, InvalidFields, Problem

MAX_BODY = 1024 * 1024
"""Largest ordinary request body, in bytes."""

MAX_BATCH_BODY = 16 * 1024 * 1024
"""Largest body of a batch, in bytes."""

MAX_UPLOAD = 64 * 1024 * 1024
"""Largest upload of a CSV or XLSX file, in bytes."""

MAX_COMMAS = 1_000_000
"""Most commas in a JSON body: ten times those of the largest batch. A list in Python takes twenty
times the two characters that it has in JSON.
"""

MAX_MEMBERS = 200
"""Most members of one JSON object, several times those of any valid one.

Each unknown member would become an error before the list is cut to a hundred.
"""

JSON, PROBLEM = "application/json", "application/problem+json"

CSV = "text/csv"

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

UTF_8 = frozenset(("utf-8", "utf8", "us-ascii"))
"""Accepted names of character sets: ASCII is a subset of UTF-8."""

BATCHES = re.compile(r"/api/v1/(orders/batch(/preview)?|subscriptions/[^/]+/users/batch)")
UPLOADS = re.compile(r"/api/v1/subscriptions/[^/]+/users/batch")
FORMS_WITH_LISTS = re.compile(r"/subscriptions/[^/]+/users/uploads")
"""Paths whose limit is not `MAX_BODY`."""


def body_limit(path: str, media_type: str) -> int:
    """The largest body of that media type accepted at `path`, in bytes."""
    if media_type in (CSV, XLSX) and UPLOADS.fullmatch(path):
        return MAX_UPLOAD
    lists = BATCHES.fullmatch(path) or FORMS_WITH_LISTS.fullmatch(path)
    return MAX_BATCH_BODY if lists else MAX_BODY


def media_type_of(request: HttpRequest) -> str:
    """The declared media type, in lower case and without parameters."""
    return (request.content_type or "").lower()


def refuse_encoding(request: HttpRequest) -> None:
    """Problem `unsupported-media-type` for a body declared as compressed or as not UTF-8."""
    refuse_compression(request)
    charset = declared_charset(request)
    if charset is not None and charset not in UTF_8:
        detail = f"The body has the character set {charset[:100]!r}. Send UTF-8."
        raise Problem("unsupported-media-type", detail)


def refuse_compression(request: HttpRequest) -> None:
    """Problem `unsupported-media-type` for a body declared as compressed."""
    coding = request.META.get("HTTP_CONTENT_ENCODING", "identity").strip().lower()
    if coding not in ("", "identity"):
        detail = f"The body has the content encoding {coding[:100]!r}. Send it uncompressed."
        raise Problem("unsupported-media-type", detail)


def declared_charset(request: HttpRequest) -> str | None:
    """The character set that the request declares, in lower case; None if it declares none."""
    charset = (request.content_params or {}).get("charset")
    return None if charset is None else charset.lower()


def read_json(request: HttpRequest) -> Any:
    """The request's JSON body, parsed once.

    Problems: `unsupported-media-type`, `too-large`, `invalid-json` (also for numbers that are not
    numbers, for nesting that is too deep, for text that is not UTF-8, and for an object that has
    a member twice); InvalidFields for an object of more than `MAX_MEMBERS`.
    """
    if not hasattr(request, "parsed_json"):
        request.parsed_json = _parse(request)  # type: ignore[attr-defined]
    return request.parsed_json  # type: ignore[attr-defined]


def _parse(request: HttpRequest) -> Any:
    media_type = media_type_of(request)
    limit = body_limit(request.path, media_type)
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise Problem(
            "unsupported-media-type",
            f"The body is {media_type[:100] or 'without a content type'}. {_wanted(request.path)}",
        )
    refuse_encoding(request)
    length = request.META.get("CONTENT_LENGTH") or "0"
    if (length.isdigit() and int(length) > limit) or len(request.body) > limit:
        raise Problem("too-large", f"The request body is too large: the limit is {limit} bytes.")
    if request.body.count(b",") > MAX_COMMAS:
        raise Problem("too-large", f"The body has too many values: more than {MAX_COMMAS} commas.")
    value = parse_json(request.body)
    if request.body.count(b":") > MAX_MEMBERS:
        _refuse_wide_objects(value)
    return value


def _wanted(path: str) -> str:
    """Which media types are accepted at `path`."""
    if UPLOADS.fullmatch(path):
        return f"Send a list as CSV ({CSV}) or XLSX ({XLSX}), or application/json."
    return "Send application/json."


def _refuse_wide_objects(value: Any) -> None:
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            if len(each) > MAX_MEMBERS:
                message = (
                    f"belongs to an object with {len(each)} members; the limit is {MAX_MEMBERS}"
                )
                raise InvalidFields(**dict.fromkeys(list(each)[:MOST_ERRORS], message))
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)


def parse_json(text: bytes) -> Any:
    """The value of `text`; Problem `invalid-json`, see `read_json`."""
    try:
        value = orjson.loads(text)
        written = orjson.dumps(value)
    except orjson.JSONDecodeError as error:
        raise Problem("invalid-json", f"The body is not valid JSON: {error}.") from None
    except orjson.JSONEncodeError:
        raise Problem("invalid-json", "The body is nested too deeply.") from None
    # orjson keeps the last of two equal members. A colon separates each member from its value, and
    # occurs in strings; serialized again, the value has as many colons unless a member was lost, or
    # a colon was written as an escape (\u003a), which only a parser of each member can detect.
    if text.count(b":") != written.count(b":") or b"\\u003" in text:
        _refuse_doubled_members(text)
    return value


def _refuse_doubled_members(text: bytes) -> None:
    try:
        json.loads(text, object_pairs_hook=_distinct)
    except RecursionError:
        raise Problem("invalid-json", "The body is nested too deeply.") from None


def _distinct(members: list[tuple[str, Any]]) -> None:
    seen: set[str] = set()
    for name, _ in members:
        if name in seen:
            detail = f"The body has an object with the member {name[:100]!r} more than once."
            raise Problem("invalid-json", detail)
        seen.add(name)


def accepts_gzip(request: HttpRequest) -> bool:
    """Whether the response may be compressed."""
    return re.search(r"\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))", _encodings(request)) is not None


def _encodings(request: HttpRequest) -> str:
    accepted: str = request.META.get("HTTP_ACCEPT_ENCODING", "")
    return accepted.lower()


def json_response(
    body: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> HttpResponse:
    """A response; `body` is JSON text, or an object to serialize."""
    text = body if isinstance(body, str) else orjson.dumps(body, default=str)
    return _response(text, JSON, status, headers or {})


def problem_response(problem: Problem) -> HttpResponse:
    """The refusal as `application/problem+json`."""
    text = orjson.dumps(problem.document(), default=str)
    response = _response(text, PROBLEM, problem.status, problem.headers)
    response.problem_code = problem.code  # type: ignore[attr-defined]
    return response


def _response(
    text: str | bytes, media_type: str, status: int, headers: Mapping[str, str]
) -> HttpResponse:
    content = text.encode() if isinstance(text, str) else text
    # With a declared length, a response is sent in one piece instead of chunks.
    all_headers = {**headers, "Content-Length": str(len(content))}
    return HttpResponse(content, media_type, status, headers=all_headers)
