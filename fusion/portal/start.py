"""The start page: what this is, and where to go on."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from fusion import __version__


def start(request: HttpRequest) -> HttpResponse:
    """`GET /`."""
    return render(request, "portal/start.html", {"version": __version__, "demo": settings.DEMO})
