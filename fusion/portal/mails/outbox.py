"""E-mail: each mail is a job, deferred in the transaction that causes it and run by the worker.

A request never waits for a mail server, and its duration does not reveal whether a mail was
written. A mail whose change is rolled back is not sent. The queue holds mails encrypted: they
contain secret links, and a worker of the previous release logs the arguments of jobs.
"""

import base64
from collections.abc import Mapping, Sequence
from email.message import EmailMessage as Envelope
from typing import Any, cast

import orjson
from cryptography.fernet import Fernet
from django.core.mail import EmailMessage, mailers
from django.core.mail.backends.base import BaseEmailBackend
from django.utils.crypto import salted_hmac
from procrastinate.contrib.django import app

from fusion.kernel.job_queue import Retries, defer

TRANSPORT = "transport"
"""The mailer of `settings.MAILERS` that delivers."""

MAIL = "mail"
"""The queue of mails."""

RETRIES = Retries(attempts=10, wait=120)
"""Within 17 hours."""


class Outbox(BaseEmailBackend):
    """Django's default mailer here: Django's own mail functions defer jobs."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Defer the mails, one for each recipient."""
        mails = [
            {
                "sender": message.from_email,
                "recipient": recipient,
                "subject": str(message.subject),
                "text": str(message.body),
            }
            for message in email_messages
            for recipient in message.recipients()
        ]
        defer_mails(*mails)
        return len(mails)


class UnfoldedMessage(EmailMessage):
    """A mail whose lines are sent unfolded.

    Python would encode long lines as quoted-printable, which breaks them in the middle of a link:
    copying the link from the source of the mail would then fail.
    """

    def message(self, **options: Any) -> Envelope:
        """The mail with its body in 7 bit if it is ASCII, else in 8 bit."""
        envelope: Any = super().message(**options)
        body = str(self.body)
        envelope.set_content(body, cte="7bit" if body.isascii() else "8bit")
        return cast(Envelope, envelope)


def defer_mails(*mails: Mapping[str, str]) -> None:
    """Defer a job for each mail (`sender`, `recipient`, `subject`, `text`) in the current
    transaction.
    """
    defer(deliver_mail, *({"sealed": seal(mail)} for mail in mails))


def seal(mail: Mapping[str, str]) -> str:
    """The mail, encrypted with a key derived from the secret key."""
    return _cipher().encrypt(orjson.dumps(mail)).decode()


def unseal(sealed: str) -> dict[str, str]:
    """The mail that `seal` encrypted; `InvalidToken` if the secret key has changed since."""
    mail: dict[str, str] = orjson.loads(_cipher().decrypt(sealed))
    return mail


def _cipher() -> Fernet:
    key = salted_hmac("fusion.portal.mails", "queue", algorithm="sha256").digest()
    return Fernet(base64.urlsafe_b64encode(key))


@app.task(name="deliver_mail", queue=MAIL, retry=RETRIES)
def deliver_mail(sealed: str) -> None:
    """Hand a mail over; an address may be invalid, a server may refuse it or be away."""
    mail = unseal(sealed)
    message = UnfoldedMessage(mail["subject"], mail["text"], mail["sender"], [mail["recipient"]])
    mailers[TRANSPORT].send_messages([message])
