"""Enabling the second factor. Each code works once, including the one that enables it."""

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.internal.auth import TOTP


class ActivateForm(ActivateTOTPForm):
    """django-allauth's form, which marks the code as used."""

    def clean_code(self) -> str:
        """The code; refused if it was used before, at sign-in or in another attempt."""
        code: str = super().clean_code()
        unsaved = Authenticator(user=self.user, type=Authenticator.Type.TOTP)
        if not TOTP(unsaved)._mark_code_used(code):
            raise get_adapter().validation_error("incorrect_code")
        return code
