"""Error pages. Each offers a link to go on, and is shown even if the database is unavailable.

After a fault the page is made from the request alone, mainly its `Person`, and has the colours of
Fusion if the brand is unknown.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext

from fusion.kernel.errors import Problem
from fusion.portal.brand.theme import Theme, theme_of
from fusion.portal.context import base_context_without_brand
from fusion.portal.errors import explain, title_of
from fusion.portal.session_actor import brand_for, language_of, person_of

PAGE = "portal/problem.html"


def problem_page(request: HttpRequest, problem: Problem, *, title: str = "") -> HttpResponse:
    """A page for a refusal that belongs to no form, or for a fault."""
    with translation.override(language_of(request, person_of(request))):
        context = _context(request, problem, title)
        if problem.status < HTTPStatus.INTERNAL_SERVER_ERROR and hasattr(request, "person"):
            response = render(request, PAGE, context, status=problem.status)
        else:
            base_context = {
                **base_context_without_brand(request),
                "brand": _brand(request, problem),
            }
            known = {"request": request, "csrf_token": get_token(request)}
            text = render_to_string(PAGE, {**base_context, **known, **context})
            response = HttpResponse(text, status=problem.status)
    response.problem_code = problem.code  # type: ignore[attr-defined]
    for name, value in problem.headers.items():
        response.headers[name] = value
    return response


def _brand(request: HttpRequest, problem: Problem) -> Theme:
    """The brand, if it can be read: a fault says nothing about the state of the database."""
    if problem.code != "internal-error" or not hasattr(request, "person"):
        return Theme()
    try:
        return theme_of(brand_for(request))
    except Exception:  # a second failure must not break this page too
        return Theme()


def _context(request: HttpRequest, problem: Problem, title: str) -> dict[str, Any]:
    is_fault = problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return {
        "title": title or title_of(problem),
        "text": explain(problem),
        "request_id": getattr(request, "request_id", ""),
        "way": _way_on(request, is_fault=is_fault),
        # A fault may disappear on the next attempt; a refusal will not.
        "again": request.get_full_path() if is_fault and request.method == "GET" else "",
        "may_leave": person_of(request) is not None or _has_session(request),
    }


def _way_on(request: HttpRequest, *, is_fault: bool) -> Mapping[str, str]:
    """The link to continue with, {href, label}: home, unless home itself has failed."""
    home = {"href": reverse("home"), "label": gettext("Go to the overview")}
    person = person_of(request)
    if person is None and not _has_session(request):
        return {"href": reverse("account_login"), "label": gettext("Go to the sign-in page")}
    places = base_context_without_brand(request).get("places", ())
    at_home = request.path == home["href"]
    if not at_home and not (is_fault and any(_is_home(place) for place in places)):
        return home
    others = [place for place in places if not place["current"]]
    if others:
        label = gettext("Go to: %(page)s") % {"page": others[0]["label"]}
        return {"href": others[0]["href"], "label": label}
    return {"href": reverse("settings"), "label": gettext("Go to your settings")}


def _is_home(place: Mapping[str, Any]) -> bool:
    """Whether the failed page is one of the overview's."""
    return bool(place["current"]) and place["href"] == reverse("home")


def _has_session(request: HttpRequest) -> bool:
    """Whether the visitor has signed in, as far as the request shows without the database."""
    return settings.SESSION_COOKIE_NAME in request.COOKIES


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The CSRF token is missing or old: sent from another site, or after signing in again."""
    detail = gettext(
        "The page with this form has expired, or another site sent the form. Nothing was "
        "changed. Open the page again and resubmit the form."
    )
    return problem_page(
        request, Problem("forbidden", detail), title=gettext("This form cannot be accepted")
    )


def too_often(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Too many requests, for example to sign in."""
    detail = gettext("Too many attempts. Wait a few minutes, then try again.")
    return problem_page(request, Problem("rate-limited", detail))
