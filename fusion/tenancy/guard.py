"""The door of the API, the same for every route: token 401, scope 403, visibility 404, role 403.

All of it is settled before the body's fields are looked at (422) and the state (409).
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja.security.base import AuthBase

from fusion.kernel.http import json_response, read_json
from fusion.kernel.ids import parse_id
from fusion.tenancy.actor import SCOPES, Actor, Request
from fusion.tenancy.authenticate import authenticate
from fusion.tenancy.idempotency import fingerprint_of, read_key
from fusion.tenancy.permissions import Permission
from fusion.tenancy.use_case import Answer

Finder = Callable[[Actor, UUID], object]
"""Looks an id up as the actor sees it; raises Problem `not-found`."""


class Door(AuthBase):
    """Authenticates a request for one permission.

    `seen` maps the name of a path parameter, body field or filter to the finder of what its id
    must show to the actor. An operation's description and security come from here too.
    """

    openapi_type = "oauth2"
    openapi_flows = {
        "clientCredentials": {
            "tokenUrl": "/oauth/token",
            "scopes": {scope: scope for scope in SCOPES},
        }
    }

    def __init__(self, permission: Permission, **seen: Finder) -> None:
        super().__init__()
        self.permission = permission
        self.seen = seen

    def __call__(self, request: HttpRequest) -> Actor:
        """The actor, who may do what the route is for; raises the Problem otherwise."""
        actor = authenticate(request, Request(id=getattr(request, "request_id", "")))
        self.permission.require_scope(actor)
        for name, find in self.seen.items():
            identifier = parse_id(_given(request, name))
            if identifier is not None:
                find(actor, identifier)
        self.permission.require_role(actor)
        request.actor = actor  # type: ignore[attr-defined]
        return actor


def _given(request: HttpRequest, name: str) -> Any:
    """What the request says for `name`: in its path, its filters or its body."""
    match = request.resolver_match
    if match and name in match.kwargs:
        return str(match.kwargs[name])
    if name in request.GET:
        return request.GET[name]
    if request.method in ("POST", "PUT", "PATCH") and request.body:
        body = read_json(request)
        return body.get(name) if isinstance(body, dict) else None
    return None


def actor_of(request: HttpRequest) -> Actor:
    """The actor whom the route's door has let in."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


def retrying_actor(request: HttpRequest) -> Actor:
    """The actor with the request's idempotency key: for a POST that creates or consumes."""
    actor = actor_of(request)
    key = read_key(request)
    if key is None:
        return actor
    return replace(actor, request=Request(actor.request.id, key, fingerprint_of(request)))


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
