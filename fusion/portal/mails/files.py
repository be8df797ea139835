"""Mails as files, for installations without a mail server: `var/mail/<time>-<recipient>.eml`.

Unlike logs, mails contain secret links, so only the owner of the files may read them. They are
written unfolded and as UTF-8: a text editor shows them as a mail program does.
"""

import email
import email.policy
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from fusion.kernel.ids import new_id

KEPT = timedelta(days=30)
"""How long a file is kept: its links expire long before."""

PLAIN = email.policy.default.clone(utf8=True, cte_type="8bit", max_line_length=998)


class Files(BaseEmailBackend):
    """A Django mailer that writes each mail into a file of mode 0600."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write the mails; OSError if that fails."""
        folder = mail_folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        _purge_old(folder)
        for message in email_messages:
            _write(folder, message)
        return len(email_messages)


def mail_folder() -> Path:
    """Where the files are."""
    return Path(settings.VAR) / "mail"


def _write(folder: Path, message: EmailMessage) -> None:
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")[:-3]
    recipient = re.sub(r"[^A-Za-z0-9.@+-]", "_", message.to[0])[:80]
    file = folder / f"{moment}-{recipient}.eml"
    if file.exists():
        file = folder / f"{moment}-{new_id().hex[-6:]}-{recipient}.eml"
    draft = file.with_suffix(".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
        target.write(message.message(policy=PLAIN).as_bytes())
    draft.rename(file)


def _purge_old(folder: Path) -> None:
    oldest = (datetime.now(UTC) - KEPT).timestamp()
    for file in folder.glob("*.eml"):
        if file.stat().st_mtime < oldest:
            file.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Written:
    """A mail read from a file."""

    at: datetime
    to: str
    subject: str
    text: str


def read_mails(*, limit: int) -> list[Written]:
    """The newest mails in files, newest first; skips unreadable files."""
    files = sorted(mail_folder().glob("*.eml"), reverse=True)[:limit]
    return [written for file in files if (written := _read(file)) is not None]


def _read(file: Path) -> Written | None:
    try:
        message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        text = message.get_content()
        at = message["Date"].datetime
    except (OSError, LookupError, ValueError, AttributeError):
        return None
    return Written(at, str(message["To"]), str(message["Subject"]), str(text))
