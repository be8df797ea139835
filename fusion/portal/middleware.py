"""The middleware of pages (sessions, signed-in person, language), kept off the API's path.

API clients send a token and nothing else; each of these layers would slow down every call of
theirs.
"""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.module_loading import import_string

from fusion.kernel.errors import Problem
from fusion.kernel.page_requests import is_page
from fusion.portal.error_pages import problem_page


class Pages:
    """The middleware of `settings.PAGE_MIDDLEWARE` as one, for pages alone."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.around = get_response
        self.before_views: list[Callable[..., HttpResponseBase | None]] = []
        self.after_faults: list[Callable[..., HttpResponseBase | None]] = []
        for path in reversed(settings.PAGE_MIDDLEWARE):
            layer: Any = import_string(path)(self.around)
            if hasattr(layer, "process_view"):
                self.before_views.insert(0, layer.process_view)
            if hasattr(layer, "process_exception"):
                self.after_faults.append(layer.process_exception)
            wrapped: Any = convert_exception_to_response(layer)
            self.around = wrapped

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer `request`."""
        return self.around(request) if is_page(request) else self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        """The first response that a layer returns instead of the view's."""
        if not is_page(request):
            return None
        refusal: Problem | None = getattr(request, "refusal", None)
        if refusal is not None:
            return problem_page(request, refusal)
        for process in self.before_views:
            response = process(request, view, args, kwargs)
            if response is not None:
                return response
        return None

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponseBase | None:
        """Renders a refusal that the view did not handle as a page."""
        if not is_page(request):
            return None
        if isinstance(exception, Problem):
            return problem_page(request, exception)
        for process in self.after_faults:
            response = process(request, exception)
            if response is not None:
                return response
        return None
