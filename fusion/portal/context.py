"""The context of every page: the brand, the signed-in person, and the navigation."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from fusion.portal.brand.theme import theme_of
from fusion.portal.navigation import navigation
from fusion.portal.session_actor import brand_for, person_of

HTMX = '{"includeIndicatorStyles": false, "allowEval": false, "historyCacheSize": 0}'
"""htmx writes no styles and evaluates no text: the content security policy forbids both."""


def base_context(request: HttpRequest) -> dict[str, Any]:
    """The context of the base templates."""
    return {
        **base_context_without_brand(request),
        "brand": SimpleLazyObject(lambda: theme_of(brand_for(request))),
    }


def base_context_without_brand(request: HttpRequest) -> dict[str, Any]:
    """The same without the brand: from the request alone, without a query."""
    person = person_of(request)
    context: dict[str, Any] = {
        "person": person,
        "theme": person.preference.theme if person else "",
        "htmx_config": HTMX,
        "demo": settings.DEMO,
    }
    if person is not None and person.actor is not None:
        context["places"] = navigation(request, person.actor)
        context["here"] = person.member.organization if person.member else None
    return context
