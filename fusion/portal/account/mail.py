"""E-mails about a person's own account: ours replace django-allauth's."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import translation

from fusion.accounts.models import User
from fusion.kernel.client_address import client_address
from fusion.kernel.clock import now
from fusion.portal.mails.write import group_of, reader_of, sender_of, write_mail
from fusion.portal.session_actor import person_of

MAILS = {
    "account/email/password_reset_key": "password_reset_key",
    "account/email/password_reset": "password_reset",
    "account/email/password_changed": "password_changed",
    "account/email/password_set": "password_set",
    "mfa/email/totp_activated": "totp_activated",
    "mfa/email/totp_deactivated": "totp_deactivated",
    "mfa/email/recovery_codes_generated": "recovery_codes_generated",
}
"""django-allauth's name of a mail → our template. With our settings it can send no other."""


def write_account_mail(
    request: HttpRequest, prefix: str, email: str, context: Mapping[str, Any]
) -> None:
    """Write the mail that django-allauth calls `prefix`; KeyError for an unknown one.

    Sent in the name of the group that the person acts in, else of their oldest membership.
    """
    template = MAILS[prefix]
    user = User.objects.get(email=email.lower())
    person = person_of(request)
    own = person.actor if person is not None and person.user.id == user.id else None
    sender = sender_of(own.group_id if own else group_of(user))
    reader = reader_of(user.email, language=translation.get_language() or "")
    path = str(context.get("password_reset_url") or reverse("security"))
    facts = {
        "timestamp": now(),
        "zone": reader.zone or "UTC",
        "address": client_address(request.META),
    }
    write_mail(template, reader, sender, facts, path=path)
