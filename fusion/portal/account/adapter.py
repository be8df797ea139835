"""Customizes django-allauth's accounts and second factors."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from fusion.accounts.models import User
from fusion.kernel.client_address import client_address
from fusion.portal.account.devices import remember_device
from fusion.portal.account.limits import admit_attempt, purge_attempts
from fusion.portal.account.mail import write_account_mail


class Accounts(DefaultAccountAdapter):
    """People are invited and cannot sign up; they are identified by their e-mail."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _("The e-mail address or password is incorrect."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """The client's address, behind the proxies that are trusted."""
        return client_address(request.META) or "127.0.0.1"

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Back to the page from which the change was started."""
        return "/account/security"

    def get_reset_password_from_key_url(self, key: str) -> str:
        """The path of the link alone: the mail decides which host it leads to."""
        return f"/password/new/{key}"

    def send_mail(self, template_prefix: str, email: str, context: Mapping[str, Any]) -> None:
        """Write our own mail instead of the library's; it contains nothing from the request."""
        write_account_mail(self.request, template_prefix, email, context)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Refuse after too many attempts, before the password is checked."""
        self._login_failed_rl_usage = admit_attempt(request, str(credentials.get("email") or ""))
        if self._login_failed_rl_usage is None:
            raise self.validation_error("too_many_login_attempts")

    def _delete_login_attempts_cached_email(self, request: HttpRequest, **credentials: Any) -> None:
        purge_attempts(request, str(credentials.get("email") or ""))

    def post_login(self, request: HttpRequest, user: User, **options: Any) -> HttpResponse:
        """Remember this browser for the person."""
        response: HttpResponse = super().post_login(request, user, **options)
        remember_device(request, response, user.id)
        return response


class SecondFactors(DefaultMFAAdapter):
    """Stores the secrets of second factors encrypted, under a key derived from the secret key."""

    def encrypt(self, text: str) -> str:
        """`text`, encrypted for storage."""
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """The text that was encrypted."""
        return _cipher().decrypt(encrypted_text.encode()).decode()


def _cipher() -> Fernet:
    key = salted_hmac("fusion.portal.account.second-factor", "", algorithm="sha256").digest()
    return Fernet(urlsafe_b64encode(key))
