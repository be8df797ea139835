"""Strict input: parameters, bodies and headers that a route does not know are refused before it
runs.

The check costs a route without parameters and without a body two look-ups, which matters on the hot
paths.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, QueryDict
from ninja.operation import Operation

from fusion.kernel.errors import MOST_ERRORS, InvalidFields, Problem
from fusion.kernel.http import read_json

MEANINGFUL_HEADERS = {
    "X-HTTP-Method-Override": "HTTP_X_HTTP_METHOD_OVERRIDE",
    "If-Match": "HTTP_IF_MATCH",
}
"""Headers that change what a request does: refused by routes that do not know them. (A GET does the
same with and without `If-Match`.)

`Idempotency-Key` is not among them: on an idempotent route the key makes no difference.
"""


@dataclass(frozen=True, slots=True)
class Known:
    """The input of one route: names of query parameters, repeatable ones, headers, a body."""

    parameters: tuple[str, ...]
    repeatable: frozenset[str]
    headers: frozenset[str]
    body: bool


def known_of(operation: Operation) -> Known:
    """The declarations of `operation`."""
    names: dict[str, list[str]] = {"query": [], "header": [], "body": []}
    repeatable: set[str] = set()
    for model in operation.models:
        source = str(model.__ninja_param_source__)
        # The body of a single model has no flat names: it is enough to know that there is one.
        flat = list(getattr(model, "__ninja_flatten_map__", None) or (source,))
        names.setdefault(source, []).extend(flat)
        if source == "query":
            repeatable.update(getattr(model, "__ninja_collection_fields__", ()))
    described = "requestBody" in (operation.openapi_extra or {})
    return Known(
        parameters=tuple(names["query"]),
        repeatable=frozenset(repeatable),
        headers=frozenset(names["header"]),
        body=bool(names["body"]) or described,
    )


def check_request(request: HttpRequest, known: Known) -> None:
    """Refuse input that the route does not know.

    Problems: `invalid-fields` for parameters, members of a body, and headers; `invalid-json` and
    `unsupported-media-type` for any other body of a route without one.
    """
    meta = request.META
    for name, variable in MEANINGFUL_HEADERS.items():
        if variable in meta and name not in known.headers and not _reads(request, name):
            raise InvalidFields(**{name: "does not apply to this method of this route"})
    if meta["QUERY_STRING"]:
        _check_parameters(request.GET, known)
    if not known.body:
        refuse_body(request)


def _reads(request: HttpRequest, header: str) -> bool:
    return header == "If-Match" and request.method == "GET"


def _check_parameters(query: QueryDict, known: Known) -> None:
    wrong: dict[str, str] = {}
    for name, values in query.lists():
        if name not in known.parameters:
            wrong[name] = f"is not a parameter of this route; {_listed(known.parameters)}"
        elif len(values) > 1 and name not in known.repeatable:
            wrong[name] = "appears more than once"
        if len(wrong) == MOST_ERRORS:
            break
    if wrong:
        raise InvalidFields(**wrong)


def _listed(parameters: tuple[str, ...]) -> str:
    return f"the parameters are {', '.join(parameters)}" if parameters else "it takes none"


def has_body(meta: Mapping[str, Any]) -> bool:
    """Whether a request with these headers has a body."""
    return meta.get("CONTENT_LENGTH") not in (None, "", "0") or "HTTP_TRANSFER_ENCODING" in meta


def refuse_body(request: HttpRequest) -> None:
    """For a route without a body: accepts an empty one or `{}`, refuses everything else."""
    if not has_body(request.META) or not request.body:
        return
    value = read_json(request)
    if not isinstance(value, dict):
        raise Problem("invalid-json", "This route accepts no request body. Send none, or send {}.")
    if value:
        names = list(value)[:MOST_ERRORS]
        raise InvalidFields(
            **dict.fromkeys(names, "is not allowed because this route accepts no request body")
        )
