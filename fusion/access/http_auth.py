"""Authorization of every API route, in this order: token 401, scope 403, visibility 404, role 403.

All of it is checked before the body's fields (422) and the state (409).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any, get_args
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Router
from ninja.operation import Operation
from ninja.security.base import AuthBase
from pydantic import BaseModel

from fusion.access.actor import SCOPES, Actor, Request
from fusion.access.authenticate import Read, TokenQuery, authenticate
from fusion.access.idempotency import fingerprint, fingerprint_of, read_key
from fusion.access.permissions import Permission
from fusion.access.use_case import Answer
from fusion.kernel.environment import setting
from fusion.kernel.errors import Problem
from fusion.kernel.http import json_response, read_json
from fusion.kernel.ids import parse_id
from fusion.kernel.rate import RateLimit

requests_per_client = RateLimit(setting("FUSION_RATE_LIMIT"))

Finder = Callable[[Actor, UUID], object]
"""Finds an object by id as the actor sees it; raises Problem `not-found`."""

NameFinder = Callable[[Actor, str], object]
"""The same by another name than the id. It accepts an invalid text, which is refused later."""

Exempt = Callable[[HttpRequest, Problem], HttpResponse | None]
"""Answers a request that this problem would refuse for its form or its rate; None if it is refused.
"""

FORM_OR_RATE = (400, 413, 415, 422, 429)
"""Statuses of refusals that do not depend on the state."""


class RequirePermission(AuthBase):
    """Authenticates a request and requires one permission.

    `seen` maps the name of a path parameter, filter or body field (`lines__product_id`: in each of
    `lines`) to the finder of the object that the actor must see; `named` does so for objects that
    have another name than their id. With `hot`, the database function
    that the route calls checks visibility, unless the request is refused before. `reads` is read in
    the same round trip as the token: see `read_of`. `exempt` may answer what would be refused.
    """

    openapi_type = "oauth2"
    openapi_description = (
        "POST /oauth/token issues a token to an API client; POST /oauth/revoke (RFC 7009) "
        "revokes it."
    )
    openapi_flows = {
        "clientCredentials": {
            "tokenUrl": "/oauth/token",
            "scopes": {scope: scope for scope in SCOPES},
        }
    }

    def __init__(
        self,
        permission: Permission,
        *,
        hot: bool = False,
        reads: Read | None = None,
        exempt: Exempt | None = None,
        named: Mapping[str, NameFinder] = MappingProxyType({}),
        **seen: Finder,
    ) -> None:
        super().__init__()
        self.reads = reads
        self.exempt = exempt
        self.permission = permission
        self.hot = hot
        self.seen = seen
        self.named = named
        self._places: dict[str, list[str]] | None = None

    def bind(self, operation: Operation) -> None:
        """Learn from the route where it declares each id of `seen`: path, query or body.

        RuntimeError for an id that the route does not declare, or declares in another place than
        another route with this object.
        """
        declared = _declared(operation)
        places = {
            name: [place for place, names in declared.items() if name.partition("__")[0] in names]
            for name in (*self.seen, *self.named)
        }
        undeclared = [name for name, found in places.items() if not found]
        if undeclared or self._places not in (None, places):
            raise RuntimeError(f"{operation.path}: where are {undeclared or list(places)}?")
        self._places = places

    def __call__(self, request: HttpRequest) -> Actor:
        """The actor, if it may use the route; raises the Problem otherwise."""
        info = Request(id=getattr(request, "request_id", ""))
        actor, found = self._authenticate(request, info)
        request.actor = actor  # type: ignore[attr-defined]
        request.found = found  # type: ignore[attr-defined]
        request.requirement = self  # type: ignore[attr-defined]
        requests_per_client.admit(actor.label)
        self.permission.require_scope(actor)
        if not self.hot or not self.permission.allows(actor):
            self.check_visibility(request, actor)
        self.permission.require_role(actor)
        return actor

    def _authenticate(self, request: HttpRequest, info: Request) -> tuple[Actor, Any]:
        match = request.resolver_match
        if self.reads is None or match is None:
            return authenticate(request, info)
        query = TokenQuery(self.permission, self.reads.sql)
        return authenticate(request, info, query, [match.kwargs[name] for name in self.reads.names])

    def check_visibility(self, request: HttpRequest, actor: Actor) -> None:
        """Problem `not-found` for the first id of the request that the actor does not see."""
        places = self._places
        if places is None:
            raise RuntimeError(f"{request.path}: bind_requirements() has not seen this route")
        for name, find in self.seen.items():
            for text in (
                value for place in places[name] for value in _values_of(request, place, name)
            ):
                identifier = parse_id(text)
                if identifier is not None:
                    find(actor, identifier)
        for name, find_named in self.named.items():
            for place in places[name]:
                for text in _values_of(request, place, name):
                    if isinstance(text, str):
                        find_named(actor, text)


def bind_requirements(router: Router) -> None:
    """Bind the `RequirePermission` of each route of `router` to the ids that the route declares."""
    for view in router.path_operations.values():
        for operation in view.operations:
            for requirement in operation.auth_callbacks:
                if isinstance(requirement, RequirePermission):
                    requirement.bind(operation)


def _declared(operation: Operation) -> dict[str, set[str]]:
    """`path`, `query` and `body` → the names that the route's signature declares there."""
    declared: dict[str, set[str]] = {}
    for model in operation.models:
        source = model.__ninja_param_source__
        if source == "body":
            shapes = (field.annotation for field in model.model_fields.values())
            declared[source] = {name for shape in shapes for name in _members(shape)}
        else:
            declared[source] = set(model.__ninja_flatten_map__)
    return declared


def _members(shape: Any) -> Iterator[str]:
    """The members of a type: of the object, or of each alternative of a union."""
    if isinstance(shape, type) and issubclass(shape, BaseModel):
        for name, field in shape.model_fields.items():
            yield field.alias or name
    for part in get_args(shape):
        yield from _members(part)


def answer_exempt(request: HttpRequest, problem: Problem) -> HttpResponse | None:
    """The answer of the route's exemption to a request that `problem` would refuse; None if there
    is none.

    Problem `not-found` for an object that the actor does not see, before a wrong body or field.
    """
    requirement: RequirePermission | None = getattr(request, "requirement", None)
    if problem.status not in FORM_OR_RATE or requirement is None:
        return None
    if requirement.hot:
        requirement.check_visibility(request, actor_of(request))
    return requirement.exempt(request, problem) if requirement.exempt else None


def _values_of(request: HttpRequest, place: str, name: str) -> list[Any]:
    """Every value of `name` in the request's path, query or body."""
    match = request.resolver_match
    if place == "path":
        return [str(match.kwargs[name])] if match else []
    if place == "query":
        return request.GET.getlist(name)
    if not request.body:
        return []
    found = [read_json(request)]
    for part in name.split("__"):
        members = [item.get(part) for item in found if isinstance(item, dict)]
        found = [item for member in members for item in _several(member)]
    return found


def _several(member: Any) -> list[Any]:
    return member if isinstance(member, list) else [member]


def actor_of(request: HttpRequest) -> Actor:
    """The actor that the route's authentication has accepted."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


def read_of(request: HttpRequest) -> Any:
    """The value that the route's authentication has read; None if the actor may not see it."""
    return request.found  # type: ignore[attr-defined]


def retrying_actor(request: HttpRequest, info: Any = None) -> Actor:
    """The actor with the request's idempotency key: for a POST that creates or consumes.

    `info` replaces a body that is not JSON.
    """
    actor = actor_of(request)
    key = read_key(request)
    if key is None:
        return actor
    if info is None:
        print_ = fingerprint_of(request)
    else:
        print_ = fingerprint(request.method or "", request.path, info)
    return replace(
        actor, request=Request(actor.request.id, key, print_, _check_visibility_again(request))
    )


def _check_visibility_again(request: HttpRequest) -> Callable[[], None]:
    """Repeats the visibility check of the request's ids, before a stored answer is returned."""
    requirement: RequirePermission = request.requirement  # type: ignore[attr-defined]
    return partial(requirement.check_visibility, request, actor_of(request))


REPLAYED = {"Idempotency-Replayed": "true"}
"""The header of a stored answer."""


def location_of(answer: Answer, prefix: str) -> dict[str, str]:
    """The header with the URL of a new object: `prefix` and its id."""
    return {"Location": f"{prefix}/{answer.body['id']}"} if answer.status == 201 else {}


def respond(
    answer: Answer, *, location: str = "", headers: dict[str, str] | None = None
) -> HttpResponse:
    """The HTTP response of a use case's answer; `location` is the prefix of the new object's id."""
    extra = {
        **(REPLAYED if answer.replayed else {}),
        **(headers or {}),
        **(location_of(answer, location) if location else {}),
    }
    if not answer.text:
        return HttpResponse(status=answer.status, headers=extra)
    return json_response(answer.text, answer.status, extra)
