"""Accepting an invitation: for whoever has its link, signed in or not, known or not.

The secret stands in the address of the mail's link alone: it moves to the session at once, so that
no other address, log or `Referer` has it.
"""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import login, password_validation
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from fusion.kernel.errors import Problem
from fusion.portal.errors import explain
from fusion.portal.forms import Form
from fusion.portal.visit import MEMBER, visit_of
from fusion.tenancy.accept_invitation import accept_invitation
from fusion.tenancy.actor import system_actor
from fusion.tenancy.invitations import invitation_of
from fusion.tenancy.models import Invitation, User

KEY = "invitation"
"""Where the session keeps the link's secret."""


class JoinForm(Form):
    """What somebody is called in the organization."""

    name = forms.CharField(label=_("Your name"), max_length=200)


class FirstPasswordForm(JoinForm):
    """The same for somebody who has no password yet."""

    password = forms.CharField(
        label=_("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=password_validation.password_validators_help_text_html,
    )
    again = forms.CharField(
        label=_("Password, once more"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    email = ""

    def clean(self) -> dict[str, Any]:
        """Both are the same, and good enough."""
        told: dict[str, Any] = super().clean() or self.cleaned_data
        password, again = told.get("password"), told.get("again")
        if password and again and password != again:
            self.add_error("again", _("The two are not the same."))
        elif password:
            try:
                password_validation.validate_password(password, User(email=self.email))
            except ValidationError as error:
                self.add_error("password", error)
        return told


@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest) -> HttpResponse:
    """`GET /invitation?key=` from the mail, and `GET` and `POST /invitation` after that."""
    if request.GET.get("key"):
        request.session[KEY] = request.GET["key"][:200]
        return redirect("invitation")
    try:
        asked = invitation_of(str(request.session.get(KEY, "")))
    except Problem as problem:
        refusal = {"refusal": explain(problem)}
        return render(request, "portal/members/refused.html", refusal, status=409)
    user = User.objects.filter(email=asked.email).first()
    visit = visit_of(request)
    here = visit.user if visit else None
    context: dict[str, Any] = {"invitation": asked}
    if here is not None and here.email != asked.email:
        return render(request, "portal/members/accept.html", {**context, "other": here})
    if user is not None and user.has_usable_password() and here is None:
        return render(request, "portal/members/accept.html", {**context, "must_sign_in": True})
    return _ask(request, asked, here, context)


def _ask(
    request: HttpRequest, asked: Invitation, here: User | None, context: dict[str, Any]
) -> HttpResponse:
    """The form that accepts: for who is signed in, or sets their first password here."""
    kind = JoinForm if here else FirstPasswordForm
    form = kind(request.POST) if request.method == "POST" else kind()
    if isinstance(form, FirstPasswordForm):
        form.email = asked.email
    if request.method == "POST" and form.is_valid():
        try:
            return _accept(request, asked, here, form)
        except Problem as problem:
            form.refuse(problem)
    status = 422 if form.has_errors else 200
    return render(request, "portal/members/accept.html", {**context, "form": form}, status=status)


def _accept(
    request: HttpRequest, asked: Invitation, here: User | None, form: JoinForm
) -> HttpResponse:
    with transaction.atomic():
        answer = accept_invitation(
            system_actor(asked.organization.group_id, "system:invitation"),
            organization_id=asked.organization_id,
            invitation_id=asked.id,
            token=request.session[KEY],
            name=form.cleaned_data["name"],
        )
        user = User.objects.select_for_update().get(email=asked.email)
        if here is None:
            # Whoever has read the mail has the address, as with a link for a forgotten password. A
            # password that was set meanwhile is not overwritten: its owner signs in.
            if user.has_usable_password():
                raise Problem("conflict", gettext("You have a password already: sign in first."))
            user.password = make_password(form.cleaned_data["password"])
            user.save(update_fields=["password"])
    del request.session[KEY]
    if here is None:
        login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    request.session[MEMBER] = answer.body["id"]
    return redirect("home")
