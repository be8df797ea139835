"""How django-allauth's accounts and second factors differ here from what it does by itself."""

from base64 import urlsafe_b64encode

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet
from django.http import HttpRequest
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _


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
        """Where the connection comes from: what a header says anybody could have written."""
        return request.META.get("REMOTE_ADDR") or "127.0.0.1"

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Back to the page that the change was begun from."""
        return "/account/security"


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
