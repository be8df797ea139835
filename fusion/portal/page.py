"""`@page`: what must be so before a page is shown, the same for all of them.

Signed in, else to the sign-in page; a membership; what the path names is visible, else 404; the
permission, else 403. The use cases that a page calls ask for the permission once more.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any, Concatenate, ParamSpec, cast
from uuid import UUID

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import render, resolve_url
from django.utils.cache import patch_vary_headers
from django_htmx.http import HttpResponseClientRedirect

from fusion.portal.visit import PageRequest, visit_of
from fusion.tenancy.actor import Actor
from fusion.tenancy.permissions import Permission

P = ParamSpec("P")

Finder = Callable[[Actor, UUID], object]
"""Looks an id up as the actor sees it; raises Problem `not-found`."""

View = Callable[..., HttpResponseBase]


def page(
    permission: Permission | None, *, methods: tuple[str, ...] = ("GET",), **seen: Finder
) -> Callable[[Callable[Concatenate[PageRequest, P], HttpResponseBase]], View]:
    """Make a page of a view `(request, ...)`.

    `seen` maps an id of the path to the finder of what it must show to the actor; the view gets
    what was found, under the name without `_id`. Without a `permission` every member may see it.
    """

    def decorate(view: Callable[Concatenate[PageRequest, P], HttpResponseBase]) -> View:
        @functools.wraps(view)
        def answer(request: HttpRequest, **named: Any) -> HttpResponseBase:
            if request.method not in (*methods, "HEAD"):
                return HttpResponseNotAllowed(methods)
            visit = visit_of(request)
            if visit is None:
                return _to_sign_in(request)
            if visit.actor is None:
                return render(request, "portal/nowhere.html", status=403)
            found = {
                name.removesuffix("_id") if name in seen else name: (
                    seen[name](visit.actor, value) if name in seen else value
                )
                for name, value in named.items()
            }
            if permission is not None:
                permission.require_role(visit.actor)
            return cast(View, view)(cast(PageRequest, request), **found)

        return answer

    return decorate


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    if getattr(request, "htmx", False):
        return HttpResponseClientRedirect(resolve_url("account_login"))
    return redirect_to_login(request.get_full_path(), resolve_url("account_login"))


def show(
    request: PageRequest,
    template: str,
    context: Mapping[str, Any],
    *,
    parts: tuple[str, ...] = (),
    status: int = 200,
) -> HttpResponse:
    """The page; for htmx only the part of it that is to be replaced.

    `parts` names partials of the template after the ids of the elements that they replace.
    """
    target = request.htmx.target
    name = f"{template}#{target}" if target in parts else template
    response = render(request, name, dict(context), status=status)
    if parts:
        patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response
