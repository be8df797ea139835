"""The secrets of invitation links. None is stored: each is derived from the secret key.

The mailed link proves that somebody reads the mailbox. The link that an administrator copies from
the page of members does not, so the two differ (see `portal/members/accept.py`).
"""

import hashlib
from base64 import urlsafe_b64encode
from hmac import compare_digest
from uuid import UUID

from django.utils.crypto import salted_hmac

from fusion.accounts.models import Invitation
from fusion.kernel.ids import parse_id

SEPARATOR = "."
"""Separates the id from the secret in the key of a copied link; no mailed key contains it."""


def mailed_key(id: UUID, sent: int) -> str:
    """The key of the mailed link; it changes each time the invitation is sent."""
    return _derive("fusion.invitation.mail", f"{id}:{sent}")


def copied_key(invitation: Invitation) -> str:
    """The key of the link that may be copied; sending the invitation again replaces it too."""
    secret = _derive("fusion.invitation.copy", f"{invitation.id}:{bytes(invitation.token).hex()}")
    return f"{invitation.id}{SEPARATOR}{secret}"


def digest(key: str) -> bytes:
    """The stored hash of a mailed key: nobody guesses 256 bits, so one SHA-256 is enough."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()


def opens_by_mail(invitation: Invitation, key: str) -> bool:
    """Whether `key` belongs to the invitation's newest mail."""
    return compare_digest(digest(key), bytes(invitation.token))


def opens(invitation: Invitation, key: str) -> bool:
    """Whether `key` is one of the two current keys of the invitation."""
    copied = digest(copied_key(invitation))
    return opens_by_mail(invitation, key) or compare_digest(digest(key), copied)


def id_in(key: str) -> UUID | None:
    """The id in a copied key; None for a mailed one."""
    id, separator, _ = key.partition(SEPARATOR)
    return parse_id(id) if separator else None


def _derive(purpose: str, value: str) -> str:
    mac = salted_hmac(purpose, value, algorithm="sha256").digest()
    return urlsafe_b64encode(mac).decode().rstrip("=")
