"""What somebody looks for: the texts of an address."""

from django.http import HttpRequest

from fusion.kernel.text import clean_signalling


def asked_for(request: HttpRequest, *names: str) -> dict[str, str]:
    """Name → text, empty where nothing is asked for; without characters that no name may have."""
    return {name: clean_signalling(request.GET.get(name, "")) for name in names}
