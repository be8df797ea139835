"""What protects an account: password, second factor, and the sessions that are open."""

from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext

from fusion.kernel.errors import not_found
from fusion.portal.page import page, show
from fusion.portal.visit import PageRequest


@page(None)
def security(request: PageRequest) -> HttpResponse:
    """`GET /account/security`."""
    user = request.visit.user
    codes = Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).first()
    context: dict[str, Any] = {
        "second_factor": get_adapter().is_mfa_enabled(user),
        "codes_left": len(codes.wrap().get_unused_codes()) if codes else 0,
        "sessions": sorted(
            UserSession.objects.purge_and_list(user),
            key=lambda session: (not session.is_current(), -session.created_at.timestamp()),
        ),
    }
    return show(request, "portal/account/security.html", context)


@page(None)
def second_factor(request: PageRequest) -> HttpResponse:
    """Where django-allauth leads after a change of the second factor."""
    return redirect("security")


@page(None, methods=("POST",))
def end(request: PageRequest, session_id: int) -> HttpResponse:
    """`POST /account/security/sessions/<id>`: end one session of one's own."""
    session = UserSession.objects.filter(user=request.visit.user, pk=session_id).first()
    if session is None:
        raise not_found("session")
    session.end()
    messages.success(request, gettext("The session was ended."))
    return redirect("security")


@page(None, methods=("POST",))
def end_others(request: PageRequest) -> HttpResponse:
    """`POST /account/security/sessions`: end all sessions of one's own but this one."""
    for session in UserSession.objects.filter(user=request.visit.user):
        if not session.is_current():
            session.end()
    messages.success(request, gettext("All other sessions were ended."))
    return redirect("security")
