"""`@page`: the access checks before a page is shown, the same for all pages.

Signed in, else redirect to the sign-in page; a membership; the objects in the path are visible,
else 404; the permission, else 403. The use cases that a page calls check the permission again.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any, Concatenate, ParamSpec, cast
from urllib.parse import urlsplit
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render, resolve_url
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django_htmx.http import HttpResponseClientRedirect

from fusion.access.actor import Actor
from fusion.access.permissions import Permission
from fusion.kernel.errors import Problem
from fusion.portal.templatetags.kit import KIND_WORDS, ROLE_WORDS
from fusion.portal.visit import PageRequest, Visit, visit_of

P = ParamSpec("P")

Finder = Callable[[Actor, UUID], object]
"""Finds an object by id as the actor sees it; raises Problem `not-found`."""

View = Callable[..., HttpResponseBase]


def page(
    permission: Permission | None, *, methods: tuple[str, ...] = ("GET",), **seen: Finder
) -> Callable[[Callable[Concatenate[PageRequest, P], HttpResponseBase]], View]:
    """Make a page of a view `(request, ...)`.

    `seen` maps an id in the path to the finder of the object that the actor must see; the view gets
    the object under the name without `_id`. Without a `permission` every member may see the page.
    """

    def decorate(view: Callable[Concatenate[PageRequest, P], HttpResponseBase]) -> View:
        @functools.wraps(view)
        def answer(request: HttpRequest, **named: Any) -> HttpResponseBase:
            if request.method not in (*methods, "HEAD"):
                raise _not_allowed(request.method, methods)
            visit = visit_of(request)
            if visit is None:
                return _to_sign_in(request, methods)
            if visit.actor is None:
                return render(request, "portal/nowhere.html", status=403)
            found = {
                name.removesuffix("_id") if name in seen else name: (
                    seen[name](visit.actor, value) if name in seen else value
                )
                for name, value in named.items()
            }
            if permission is not None:
                _require(permission, visit.actor, visit)
            return cast(View, view)(cast(PageRequest, request), **found)

        return answer

    return decorate


def _require(permission: Permission, actor: Actor, visit: Visit) -> None:
    """Problem `forbidden`, in the reader's words, unless kind and role allow it."""
    if permission.allows(actor):
        return
    member = visit.member
    words = {
        "name": member.organization.name if member else "",
        "kind": KIND_WORDS[actor.kind],
        "role": ROLE_WORDS[actor.role],
        "kinds": _listed(permission.kinds, KIND_WORDS),
        "roles": _listed(permission.roles, ROLE_WORDS),
    }
    if actor.kind not in permission.kinds:
        text = gettext(
            "Only these organizations can do this: %(kinds)s. You are acting for %(name)s: "
            "%(kind)s."
        )
    else:
        text = gettext(
            "This requires one of these roles: %(roles)s. Your role in %(name)s: %(role)s. "
            "An administrator there can change your role."
        )
    raise Problem("forbidden", text % words)


def _listed(names: tuple[str, ...], words: Mapping[str, Any]) -> str:
    return ", ".join(str(words[name]) for name in names)


def _not_allowed(method: str | None, methods: tuple[str, ...]) -> Problem:
    allowed = ", ".join(methods)
    detail = f"This route does not support {method}. It supports {allowed}."
    return Problem("method-not-allowed", detail, headers={"Allow": allowed})


def _to_sign_in(request: HttpRequest, methods: tuple[str, ...]) -> HttpResponse:
    if getattr(request, "htmx", False):
        return HttpResponseClientRedirect(resolve_url("account_login"))
    back = request.get_full_path()
    if request.method == "POST":
        text = gettext(
            "Your session ended before you sent the form. Nothing was changed. Sign in, "
            "then send the form again."
        )
        messages.warning(request, text)
        back = back if "GET" in methods else _sent_from(request)
    return redirect_to_login(back, resolve_url("account_login"))


def _sent_from(request: HttpRequest) -> str:
    """The page whose button was pressed, from the `Referer`; the button itself is not a page."""
    told = request.headers.get("Referer", "")
    hosts = {request.get_host()}
    if not url_has_allowed_host_and_scheme(told, hosts, require_https=request.is_secure()):
        return resolve_url("home")
    parts = urlsplit(told)
    page = parts._replace(scheme="", netloc="", fragment="").geturl()
    return page if page.startswith("/") else resolve_url("home")


def show(
    request: PageRequest,
    template: str,
    context: Mapping[str, Any],
    *,
    parts: tuple[str, ...] = (),
    status: int = 200,
) -> HttpResponse:
    """The page; for htmx only the part to be replaced.

    `parts` names partials of the template after the ids of the elements that they replace. A part
    is always 200, because htmx ignores other statuses.
    """
    target = request.htmx.target
    if target in parts:
        template, status = f"{template}#{target}", 200
    response = render(request, template, dict(context), status=status)
    if parts:
        patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response
