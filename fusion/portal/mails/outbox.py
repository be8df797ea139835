"""E-mail: written to a table in the transaction that causes it, delivered by the worker.

A request never waits for a mail server, and its duration does not reveal whether a mail was
written. A mail whose change is rolled back is not sent; a delivered mail is removed from the table.
"""

from collections.abc import Sequence
from email.message import EmailMessage as Envelope
from smtplib import SMTPException
from typing import Any, cast

import structlog
from django.core.mail import EmailMessage, mailers
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection

from fusion.portal.models import Mail

log = structlog.get_logger(__name__)

TRANSPORT = "transport"
"""The mailer of `settings.MAILERS` that delivers."""

CLAIM = 5
"""Minutes for which a worker has a mail to itself; then another one retries it."""

MOST_TRIES = 10
"""Attempts, within about a day."""

# Claimed by a statement that commits at once: no transaction is open while a mail server is slow,
# and of two workers the second skips the mails that the first has claimed.
NEXT = """
UPDATE portal_mail SET tries = tries + 1, due_at = kernel_now() + make_interval(mins => %s)
WHERE id = (SELECT id FROM portal_mail WHERE due_at <= (SELECT kernel_now()) ORDER BY due_at LIMIT 1
            FOR UPDATE SKIP LOCKED)
RETURNING id, sender, recipient, subject, text, tries
"""


class Outbox(BaseEmailBackend):
    """Django's default mailer here: Django's own mail functions write to the table."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write the mails, one for each recipient."""
        mails = [
            Mail(
                sender=message.from_email,
                recipient=recipient,
                subject=str(message.subject),
                text=str(message.body),
            )
            for message in email_messages
            for recipient in message.recipients()
        ]
        Mail.objects.bulk_create(mails)
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


def deliver_mail() -> bool:
    """Deliver the next mail that is due; returns whether there was one."""
    with connection.cursor() as cursor:
        cursor.execute(NEXT, [CLAIM])
        row = cursor.fetchone()
    if row is None:
        return False
    id, sender, recipient, subject, text, tries = row
    message = UnfoldedMessage(subject, text, sender, [recipient])
    try:
        mailers[TRANSPORT].send_messages([message])
    except (OSError, SMTPException, ValueError) as error:  # an address may be invalid
        _postpone(id, tries, error)
    else:
        Mail.objects.filter(id=id).delete()
    return True


def _postpone(id: Any, tries: int, error: Exception) -> None:
    if tries >= MOST_TRIES:
        log.error("mail abandoned", mail=str(id), tries=tries, error=repr(error))
        Mail.objects.filter(id=id).delete()
        return
    log.warning("mail not delivered", mail=str(id), tries=tries, error=repr(error))
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE portal_mail SET due_at = kernel_now() + make_interval(mins => %s)"
            " WHERE id = %s",
            [2**tries, id],
        )
