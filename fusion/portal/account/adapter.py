"""How django-allauth's accounts and second factors differ here from what it does by itself."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from fusion.kernel.client_address import client_address
from fusion.portal.account.devices import remember_device
from fusion.portal.account.limits import admit_attempt, forget_attempts
from fusion.portal.account.mail import write_account_mail
from fusion.tenancy.models import User


class Accounts(DefaultAccountAdapter):
    """People are invited, never sign up by themselves; they are called by their e-mail."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _("E-mail or password is not right."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """The client's address, behind the proxies that are trusted."""
        return client_address(request) or "127.0.0.1"

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Back to the page that the change was begun from."""
        return "/account/security"

    def get_reset_password_from_key_url(self, key: str) -> str:
        """The path of the link alone: whose portal it leads to is the mail's affair."""
        return f"/password/new/{key}"

    def send_mail(self, template_prefix: str, email: str, context: Mapping[str, Any]) -> None:
        """Write one of our own mails instead of the library's; nothing of the request is in it."""
        write_account_mail(self.request, template_prefix, email, context)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Refuse what has been tried too often, before the password is looked at."""
        self._login_failed_rl_usage = admit_attempt(request, str(credentials.get("email") or ""))
        if self._login_failed_rl_usage is None:
            raise self.validation_error("too_many_login_attempts")

    def _delete_login_attempts_cached_email(self, request: HttpRequest, **credentials: Any) -> None:
        forget_attempts(request, str(credentials.get("email") or ""))

    def post_login(self, request: HttpRequest, user: User, **options: Any) -> HttpResponse:
        """From now on this browser is known for the person."""
        response: HttpResponse = super().post_login(request, user, **options)
        remember_device(request, response, user.id)
        return response


class SecondFactors(DefaultMFAAdapter):
    """The secrets of second factors are stored encrypted, under a key made of the secret key."""

    def encrypt(self, text: str) -> str:
        """`text` as it is stored."""
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """What `encrypt` was given."""
        return _cipher().decrypt(encrypted_text.encode()).decode()


def _cipher() -> Fernet:
    key = salted_hmac("fusion.portal.account.second-factor", "", algorithm="sha256").digest()
    return Fernet(urlsafe_b64encode(key))
