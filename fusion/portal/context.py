"""The context of every page: the brand, the signed-in person, and the navigation."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from fusion.portal.brand.look import look_of
from fusion.portal.navigation import navigation
from fusion.portal.visit import brand_for, visit_of

HTMX = '{"includeIndicatorStyles": false, "allowEval": false, "historyCacheSize": 0}'
"""htmx writes no styles and evaluates no text: the content security policy forbids both."""


def shell(request: HttpRequest) -> dict[str, Any]:
    """The context of the base templates."""
    return {**bare_shell(request), "brand": SimpleLazyObject(lambda: look_of(brand_for(request)))}


def bare_shell(request: HttpRequest) -> dict[str, Any]:
    """The same without the brand: from the request alone, without a query."""
    visit = visit_of(request)
    context: dict[str, Any] = {
        "visit": visit,
        "theme": visit.preference.theme if visit else "",
        "htmx_config": HTMX,
        "demo": settings.DEMO,
    }
    if visit is not None and visit.actor is not None:
        context["places"] = navigation(request, visit.actor)
        context["here"] = visit.member.organization if visit.member else None
    return context
