"""The door of the API, the same for every route: token 401, scope 403, visibility 404, role 403.

All of it is settled before the body's fields are looked at (422) and the state (409).
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja.security.base import AuthBase

from fusion.kernel.environment import setting
from fusion.kernel.http import json_response, read_json
from fusion.kernel.ids import parse_id
from fusion.kernel.rate import RateLimit
from fusion.tenancy.actor import SCOPES, Actor, Request
from fusion.tenancy.authenticate import Read, authenticate
from fusion.tenancy.idempotency import fingerprint, fingerprint_of, read_key
from fusion.tenancy.permissions import Permission
from fusion.tenancy.use_case import Answer

_requests = RateLimit(setting("FUSION_RATE_LIMIT"))

Finder = Callable[[Actor, UUID], object]
"""Looks an id up as the actor sees it; raises Problem `not-found`."""


class Door(AuthBase):
    """Authenticates a request for one permission.

    `seen` maps the name of a path parameter, filter or body field (`lines__product_id`: in each of
    `lines`) to the finder of what its id must show to the actor. A `hot` door leaves the looking
    to the database function that the route calls, unless the request is refused before. What it
    `reads` comes with the look-up of the token: see `read_of`.
    """

    openapi_type = "oauth2"
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
        **seen: Finder,
    ) -> None:
        super().__init__()
        self.reads = reads
        self.permission = permission
        self.hot = hot
        self.seen = seen

    def __call__(self, request: HttpRequest) -> Actor:
        """The actor, who may do what the route is for; raises the Problem otherwise."""
        asked = Request(id=getattr(request, "request_id", ""))
        actor, found = self._authenticate(request, asked)
        request.actor = actor  # type: ignore[attr-defined]
        request.found = found  # type: ignore[attr-defined]
        _requests.admit(actor.label)
        self.permission.require_scope(actor)
        request.door = self  # type: ignore[attr-defined]
        if not self.hot or not self.permission.allows(actor):
            self.look(request, actor)
        self.permission.require_role(actor)
        return actor

    def _authenticate(self, request: HttpRequest, asked: Request) -> tuple[Actor, Any]:
        match = request.resolver_match
        if self.reads is None or match is None:
            return authenticate(request, asked)
        return authenticate(request, asked, self.reads.sql, [match.kwargs[self.reads.name]])

    def look(self, request: HttpRequest, actor: Actor) -> None:
        """Problem `not-found` for the first id of the request that the actor does not see."""
        for name, find in self.seen.items():
            for given in _given(request, name):
                identifier = parse_id(given)
                if identifier is not None:
                    find(actor, identifier)


def look_first(request: HttpRequest) -> None:
    """Before a request is refused for its fields: Problem `not-found`, if a hot door owes one."""
    door: Door | None = getattr(request, "door", None)
    if door is not None and door.hot:
        door.look(request, actor_of(request))


def _given(request: HttpRequest, name: str) -> list[Any]:
    """What the request says for `name`: in its path, its filters or its body."""
    match = request.resolver_match
    if match and name in match.kwargs:
        return [str(match.kwargs[name])]
    if name in request.GET:
        return [request.GET[name]]
    if request.method not in ("POST", "PUT", "PATCH") or not request.body:
        return []
    found = [read_json(request)]
    for part in name.split("__"):
        members = [item.get(part) for item in found if isinstance(item, dict)]
        found = [item for member in members for item in _several(member)]
    return found


def _several(member: Any) -> list[Any]:
    return member if isinstance(member, list) else [member]


def actor_of(request: HttpRequest) -> Actor:
    """The actor whom the route's door has let in."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


def read_of(request: HttpRequest) -> Any:
    """What the route's door has read; None where there is nothing that the actor may see."""
    return request.found  # type: ignore[attr-defined]


def retrying_actor(request: HttpRequest, asked: Any = None) -> Actor:
    """The actor with the request's idempotency key: for a POST that creates or consumes.

    `asked` stands for a body that is not JSON.
    """
    actor = actor_of(request)
    key = read_key(request)
    if key is None:
        return actor
    if asked is None:
        print_ = fingerprint_of(request)
    else:
        print_ = fingerprint(request.method or "", request.path, asked)
    return replace(actor, request=Request(actor.request.id, key, print_))


def respond(
    answer: Answer, *, location: str = "", headers: dict[str, str] | None = None
) -> HttpResponse:
    """The HTTP response of a use case's answer; `location` is a prefix to the new object's id."""
    extra = dict(headers or {})
    if answer.replayed:
        extra["Idempotency-Replayed"] = "true"
    if location and answer.status == 201:
        extra["Location"] = f"{location}/{answer.body['id']}"
    if not answer.text:
        return HttpResponse(status=answer.status, headers=extra)
    return json_response(answer.text, answer.status, extra)
