"""The e-mails of a demonstration, on a page: it sends none, and nobody has to look for files.

Outside a demonstration the page does not exist, because mails contain secret links.
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from fusion.kernel.errors import not_found
from fusion.portal.mails.files import read_mails

MOST = 50
"""Most mails on the page."""


@require_safe
def demo_mails(request: HttpRequest) -> HttpResponse:
    """`GET /demonstration/mails`, for every visitor of the demonstration."""
    if not settings.DEMO:
        raise not_found("page")
    context = {"mails": read_mails(limit=MOST), "folder": "var/mail"}
    return render(request, "portal/account/demo_mails.html", context)
