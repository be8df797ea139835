"""Filters in the query string."""

from django.http import HttpRequest

from fusion.kernel.text import clean_signalling


def query_params(request: HttpRequest, *names: str) -> dict[str, str]:
    """Name → text, empty if missing; removes characters that no name may contain."""
    return {name: clean_signalling(request.GET.get(name, "")) for name in names}
