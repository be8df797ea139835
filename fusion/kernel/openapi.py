"""The OpenAPI document, with scopes, problems and headers, which Ninja omits."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI, Schema
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation

from fusion.kernel.http import CSV, XLSX
from fusion.kernel.schemas import ProblemDocument
from fusion.kernel.strict import Known, check_request, known_of

PREFIX = "api/v1/"
"""The prefix of the API's routes."""

PROBLEM = "application/problem+json"

IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Repeating a request with the same key returns the same response and has one "
    "effect. Keys belong to your organization.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
}

REPLAYED = {
    "description": "`true` if this is the stored response to an earlier request with this key.",
    "schema": {"type": "string", "enum": ["true"]},
}

LOCATION = {
    "description": "The URL of the new object.",
    "required": True,
    "schema": {"type": "string"},
}

CHALLENGE = {"description": "RFC 6750.", "required": True, "schema": {"type": "string"}}

TAGS = ("If-Match", "If-None-Match")
TAG_PATTERN = r'^(\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*)$'
"""Entity tags (RFC 9110, section 8.8.3)."""

NAMED_BY_CALLER = "x-named-by-caller"
"""Marks a POST whose path identifies its object, so that it may be repeated without a key."""


class Refusal(Schema):
    """The answer of a refused request, from which the document takes the shape of problems."""

    response: ProblemDocument


def also_files() -> dict[str, Any]:
    """`openapi_extra` of a route whose answer may be a CSV or XLSX file as well."""
    files = {CSV: {"schema": {"type": "string"}}, XLSX: {"schema": {"type": "string"}}}
    return {"responses": {200: {"content": files}}}


class Document(OpenAPISchema):
    """Ninja's document with each route's scopes, headers, and the media type of its problems."""

    def operation_details(self, operation: Operation) -> dict[str, Any]:
        """The route's docstring: the first sentence is the summary, the rest the description."""
        details: dict[str, Any] = super().operation_details(operation)
        text = " ".join((operation.description or "").split())
        summary, _, rest = text.partition(". ")
        details["summary"] = summary.removesuffix(".")
        if rest:
            details["description"] = rest
        else:
            details.pop("description", None)
        return details

    def operation_security(self, operation: Operation) -> list[dict[str, Any]] | None:
        """One entry per sufficient scope: they are alternatives."""
        found = super().operation_security(operation) or []
        names = [name for entry in found for name in entry]
        scopes = [scope for auth in operation.auth_callbacks for scope in _scopes(auth)]
        return [{name: [scope]} for name in names for scope in scopes] or None

    def operation_parameters(self, operation: Operation) -> list[dict[str, Any]]:
        """The declared parameters, and the idempotency key of routes that may be repeated."""
        parameters = [_said(parameter) for parameter in super().operation_parameters(operation)]
        return [*parameters, IDEMPOTENCY_KEY] if _is_retryable(operation) else parameters

    @cached_property
    def problem(self) -> dict[str, Any]:
        """The reference to the shape of a problem, which becomes one of the document's schemas."""
        shape, _ = self._create_schema_from_model(
            Refusal,  # type: ignore[type-var]  # it takes any model
            mode="serialization",
        )
        return dict(shape)

    def responses(self, operation: Operation) -> dict[int, Any]:
        """The declared responses: refusals as problem details, successes with their headers."""
        responses = super().responses(operation)
        for status, response in responses.items():
            if status >= 400:
                response["content"] = {PROBLEM: {"schema": self.problem}}
            elif _is_retryable(operation):
                response["headers"] = {"Idempotency-Replayed": REPLAYED}
                if status in (201, 202):
                    response["headers"]["Location"] = LOCATION
            if status == 401:
                response["headers"] = {"WWW-Authenticate": CHALLENGE}
        return responses


FORMER_ROOMS = {
    "accounts": "tenancy",
    "clients": "tenancy",
    "events": "billing",
    "reporting": "billing",
}
"""Room → the room whose name its operation ids keep: generated clients call methods by these."""


class Described(NinjaAPI):
    """An API that publishes this document, and refuses input that the document does not
    describe."""

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """The module and name of the operation's view; the module as when it was published."""
        package, room, *rest = operation.view_func.__module__.split(".")
        return "_".join(
            [package, FORMER_ROOMS.get(room, room), *rest, operation.view_func.__name__]
        )

    def operations(self) -> Iterator[tuple[str, Operation]]:
        """Every operation with its route, as Django's resolver writes it after the prefix."""
        for router in self._get_bound_routers():
            patterns = router.urls_paths(router.prefix)
            views = router.path_operations.values()
            operations = (operation for view in views for operation in view.operations)
            for pattern, operation in zip(patterns, operations, strict=True):
                yield str(pattern.pattern), operation

    @cached_property
    def known(self) -> dict[tuple[str, str], Known]:
        """(route, method) → its accepted input."""
        return {
            (route, method): known_of(operation)
            for route, operation in self.operations()
            for method in operation.methods
        }

    def known_at(self, request: HttpRequest) -> Known | None:
        """The accepted input of the route of `request`; None without a route."""
        match = request.resolver_match
        route = match.route.removeprefix(PREFIX) if match else ""
        return self.known.get((route, request.method or ""))

    def parameters_of(self, request: HttpRequest) -> set[str]:
        """The names of the parameters of its route: in path, query and headers."""
        match, known = request.resolver_match, self.known_at(request)
        if match is None or known is None:
            return set()
        return {*match.kwargs, *known.parameters, *known.headers}

    def create_temporal_response(self, request: HttpRequest) -> HttpResponse:
        """Ninja calls this after authentication, before it reads the request."""
        known = self.known_at(request)
        if known is not None:
            check_request(request, known)
        return super().create_temporal_response(request)

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> Document:
        """The document of all routes."""
        return Document(self, path_prefix or self.get_root_path(path_params or {}))


def _said(parameter: dict[str, Any]) -> dict[str, Any]:
    """The parameter as callers send it: an omitted one is null, but callers do not send `null`."""
    shape = parameter["schema"]
    said = [each for each in shape.get("anyOf", []) if each != {"type": "null"}]
    if len(said) == 1:
        shape = {name: value for name, value in shape.items() if name not in ("anyOf", "default")}
        shape |= said[0]
    if parameter["name"] in TAGS:
        shape = {**shape, "pattern": TAG_PATTERN}
    return {**parameter, "schema": shape}


def _scopes(auth: Any) -> tuple[str, ...]:
    return tuple(auth.permission.scopes) if hasattr(auth, "permission") else ()


def _is_retryable(operation: Operation) -> bool:
    """Every POST that changes something takes an idempotency key, unless its path identifies the
    object."""
    if (operation.openapi_extra or {}).get(NAMED_BY_CALLER):
        return False
    scopes = [scope for auth in operation.auth_callbacks for scope in _scopes(auth)]
    return "POST" in operation.methods and any(scope.endswith(":write") for scope in scopes)
