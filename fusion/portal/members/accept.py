"""Accepting an invitation: for anyone who has a link to it, signed in or not, known or not.

The key is in the URL of the link alone: it moves to the session at once, so that it appears in no
other URL, log or `Referer`. The page of a copied link does not reveal whether the person is known,
because the administrator who invites them could open it.
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

from fusion.access.actor import system_actor
from fusion.accounts.accept_invitation import accept_invitation
from fusion.accounts.invitation_keys import opens_by_mail
from fusion.accounts.invitations import invitation_of
from fusion.accounts.models import Invitation, Member, User
from fusion.kernel.errors import Problem
from fusion.kernel.text import text_key
from fusion.portal.account.devices import remember_device
from fusion.portal.errors import explain
from fusion.portal.forms import Form, LineField
from fusion.portal.page import is_as_shown
from fusion.portal.session_actor import MEMBER, person_of

KEY = "invitation"
"""The session key of the link's secret."""


class JoinForm(Form):
    """The person's display name in the organization."""

    name = LineField(label=_("Your name"), max_length=200)


class FirstPasswordForm(JoinForm):
    """The same, with a password for a person who has none yet."""

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
        """Both passwords are equal, and strong enough."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        password, again = cleaned.get("password"), cleaned.get("again")
        if password and again and password != again:
            self.add_error("again", _("The two are not the same."))
        elif password:
            try:
                password_validation.validate_password(password, User(email=self.email))
            except ValidationError as error:
                self.add_error("password", error)
        return cleaned


@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest) -> HttpResponse:
    """`GET /invitation?key=` from the link, then `GET` and `POST /invitation`."""
    if request.GET.get("key"):
        request.session[KEY] = request.GET["key"][:200]
        return redirect("invitation")
    key = str(request.session.get(KEY, ""))
    try:
        pending = invitation_of(key)
    except Problem as problem:
        refusal = {"refusal": explain(problem)}
        return render(request, "portal/members/refused.html", refusal, status=409)
    person = person_of(request)
    here = person.user if person else None
    by_mail = opens_by_mail(pending, key)
    context: dict[str, Any] = {"invitation": pending, "by_mail": by_mail}
    if here is not None and text_key(here.email) != text_key(pending.email):
        return render(request, "portal/members/accept.html", {**context, "other": here})
    if by_mail and here is None and _has_password(pending.email):
        return render(request, "portal/members/accept.html", {**context, "must_sign_in": True})
    return _show_form(request, pending, here, context)


def _has_password(email: str) -> bool:
    user = User.objects.known_as(email).first()
    return user is not None and user.has_usable_password()


def _show_form(
    request: HttpRequest, pending: Invitation, here: User | None, context: dict[str, Any]
) -> HttpResponse:
    """The form that accepts: for the signed-in person, or for setting a first password."""
    kind = JoinForm if here else FirstPasswordForm
    initial = {"name": pending.name or ""}
    form = kind(request.POST) if request.method == "POST" else kind(initial=initial)
    if isinstance(form, FirstPasswordForm):
        form.email = pending.email
    if request.method == "POST" and is_as_shown(request, form) and form.is_valid():
        try:
            return _accept(request, pending, here, form)
        except Problem as problem:
            form.refuse(problem)
    status = 422 if form.has_errors else 200
    return render(request, "portal/members/accept.html", {**context, "form": form}, status=status)


def _accept(
    request: HttpRequest, pending: Invitation, here: User | None, form: JoinForm
) -> HttpResponse:
    key = request.session[KEY]
    by_mail = opens_by_mail(pending, key)
    with transaction.atomic():
        user = _held_person(pending.email)
        if here is None:
            _require_first_password(user, by_mail=by_mail)
        answer = accept_invitation(
            system_actor(pending.organization.group_id, "system:invitation"),
            organization_id=pending.organization_id,
            invitation_id=pending.id,
            key=key,
            name=form.cleaned_data["name"],
        )
        user = _held_person(pending.email)
        if user is None:
            raise Problem("conflict", gettext("The account has just been deleted."))
        if here is None:
            user.password = make_password(form.cleaned_data["password"])
            user.email_confirmed = by_mail
        elif by_mail:
            user.email_confirmed = True
        user.save(update_fields=["password", "email_confirmed"])
    del request.session[KEY]
    if here is None:
        login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    request.session[MEMBER] = answer.body["id"]
    response = redirect("home")
    remember_device(request, response, user.id)
    return response


def _held_person(email: str) -> User | None:
    """The person, locked until the transaction ends."""
    return User.objects.known_as(email).select_for_update(no_key=True).first()


def _require_first_password(user: User | None, *, by_mail: bool) -> None:
    """Problem `conflict` if this link may not set a password.

    Reading the mail proves the address, as with a link for a forgotten password. A copied link does
    not: it may open a new account, but never one that already exists or has rights in an
    organization. An existing password is never overwritten.
    """
    if user is None:
        return
    memberships = Member.objects.unscoped("what the copied link would otherwise give away")
    if user.has_usable_password() or not (
        by_mail or not memberships.filter(user_id=user.id).exists()
    ):
        raise Problem(
            "conflict",
            gettext(
                "This link cannot set a password. If you have an account, sign in. If you "
                "forgot your password, request a new link by e-mail."
            ),
        )
