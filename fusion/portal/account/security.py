"""Security of an account: password, second factor, and open sessions."""

from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext

from fusion.kernel.errors import not_found
from fusion.portal.page import BUTTON, page
from fusion.portal.responses import show
from fusion.portal.session_actor import PageRequest


@page(None)
def security(request: PageRequest) -> HttpResponse:
    """`GET /account/security`."""
    user = request.person.user
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
    """The redirect target of django-allauth after a change of the second factor."""
    return redirect("security")


@page(None, methods=BUTTON)
def end(request: PageRequest, session_id: int) -> HttpResponse:
    """`POST /account/security/sessions/<id>`: end one of one's own sessions."""
    session = UserSession.objects.filter(user=request.person.user, pk=session_id).first()
    if session is None:
        raise not_found("session")
    session.end()
    messages.success(request, gettext("You ended the session."))
    return redirect("security")


@page(None, methods=BUTTON)
def end_others(request: PageRequest) -> HttpResponse:
    """`POST /account/security/sessions`: end all of one's own sessions except this one."""
    for session in UserSession.objects.filter(user=request.person.user):
        if not session.is_current():
            session.end()
    messages.success(request, gettext("You ended all other sessions."))
    return redirect("security")
