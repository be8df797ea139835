"""The e-mails of a demonstration, on a page: nothing is sent anywhere, and nobody looks for files.

In an installation that is no demonstration the page does not exist: mails hold secret links.
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from fusion.kernel.errors import not_found
from fusion.portal.mails.files import read_mails

MOST = 50
"""Mails on the page."""


@require_safe
def demo_mails(request: HttpRequest) -> HttpResponse:
    """`GET /demonstration/mails`, for whoever has come to the demonstration."""
    if not settings.DEMO:
        raise not_found("page")
    context = {"mails": read_mails(limit=MOST), "folder": "var/mail"}
    return render(request, "portal/account/demo_mails.html", context)
