"""Setting a new password through the link in an e-mail."""

from typing import Any

from allauth.account.views import PasswordResetFromKeyView
from allauth.mfa.models import Authenticator
from django.db import transaction
from django.http import HttpResponse

from fusion.accounts.models import User
from fusion.accounts.people import confirm_email
from fusion.portal.account.limits import purge_attempts


class NewPassword(PasswordResetFromKeyView):
    """django-allauth's view. Following the link confirms the e-mail address, too."""

    def form_valid(self, form: Any) -> HttpResponse:
        """Set the password; discards what others have set on an unconfirmed account."""
        user = User.objects.get(pk=self.reset_user.pk)
        with transaction.atomic():
            response: HttpResponse = super().form_valid(form)
            if not user.email_confirmed:
                Authenticator.objects.filter(user_id=user.pk).delete()
                confirm_email(user.pk)
        purge_attempts(self.request, user.email)
        return response


new_password = NewPassword.as_view()
