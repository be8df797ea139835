"""django-allauth's forms in our words."""

from typing import Any

from allauth.account.forms import LoginForm, ReauthenticateForm
from django.utils.translation import gettext_lazy as _


def _reword(form: Any, **labels: Any) -> None:
    for name, label in labels.items():
        field = form.fields[name]
        field.label = label
        field.help_text = ""
        field.widget.attrs.pop("placeholder", None)


class SignInForm(LoginForm):
    """E-mail and password; the link for a forgotten one stands below the form."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        _reword(self, login=_("E-mail"), password=_("Password"))


class ConfirmForm(ReauthenticateForm):
    """The password once more."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        _reword(self, password=_("Password"))
