"""What somebody looks for: the texts of an address."""

from django.http import HttpRequest


def asked_for(request: HttpRequest, *names: str) -> dict[str, str]:
    """Name → text, empty where nothing is asked for; without NUL, which no text here may hold."""
    return {name: request.GET.get(name, "").replace("\0", "").strip() for name in names}
