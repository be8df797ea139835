"""django-allauth's forms with our wording and our normalization of e-mails."""

from typing import Any

from allauth.account.forms import LoginForm, ReauthenticateForm, ResetPasswordForm
from django.utils.translation import gettext_lazy as _

from fusion.accounts.models import User
from fusion.accounts.rules import normal_email
from fusion.portal.forms import EmailField


def _reword(form: Any, **labels: Any) -> None:
    for name, label in labels.items():
        field = form.fields[name]
        field.label = label
        field.help_text = ""
        field.widget.attrs.pop("placeholder", None)


class AddressField(EmailField):
    """The e-mail of a person who may be known: normalized, and spelled as in the database if known.

    Every spelling of an address leads to the same person, and counts as the same attempt.
    """

    def to_python(self, value: Any) -> Any:
        """The normal spelling; validators report an invalid address."""
        text = super().to_python(value)
        try:
            email = normal_email(text)
        except ValueError:
            return text
        known = User.objects.known_as(text).first()
        return known.email if known else email


def _read_address(form: Any, name: str) -> None:
    field = form.fields[name]
    form.fields[name] = AddressField(max_length=254, widget=field.widget, label=field.label)


class ForgottenForm(ResetPasswordForm):
    """Requests a link for a new password."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        _read_address(self, "email")


class SignInForm(LoginForm):
    """E-mail and password; the link for a forgotten password is below the form."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        _read_address(self, "login")
        _reword(self, login=_("E-mail"), password=_("Password"))


class ConfirmForm(ReauthenticateForm):
    """Asks for the password again."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        _reword(self, password=_("Password"))
