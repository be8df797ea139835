"""Writing a mail: every mail of Fusion goes through here.

Every mail is a template of `templates/portal/mail/`, in the reader's language and time zone, with
the group's name below it. Its link leads to the group's host name or to `FUSION_PORTAL_URL`. No
request is known here, so nothing from a request can become part of a link.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.utils import timezone, translation

from fusion.accounts.models import User
from fusion.branding.brand import DEFAULT_NAME
from fusion.kernel.database import fetch_row, fetch_value
from fusion.kernel.environment import setting
from fusion.portal.models import Preference

FOLDER = "portal/mail"

BRAND = "SELECT name, host FROM tenancy_brand WHERE group_id = %s::uuid"

OLDEST = """
SELECT o.group_id
FROM tenancy_member m JOIN tenancy_organization o ON o.id = m.organization_id
WHERE m.user_id = %s::uuid AND o.status = 'active'
ORDER BY m.created_at, m.id LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Sender:
    """The sender of a mail: the brand, and the URL of its portal.

    `origin` is empty if neither the group's host name nor `FUSION_PORTAL_URL` is set.
    """

    brand: str
    origin: str

    def link(self, path: str) -> str:
        """The URL of `path` in the portal; the path alone without an origin."""
        return f"{self.origin}{path}"


def sender_of(group_id: UUID | None) -> Sender:
    """The sender of a group's mails; Fusion itself without one."""
    name, host = (fetch_row(BRAND, [group_id]) if group_id else None) or (None, None)
    origin = f"https://{host}" if host else setting("FUSION_PORTAL_URL")
    return Sender(name or DEFAULT_NAME, origin)


def group_of(user: User) -> UUID | None:
    """The group that writes to a person who has not signed in: that of the oldest membership."""
    group: UUID | None = fetch_value(OLDEST, [user.id])
    return group


@dataclass(frozen=True, slots=True)
class Reader:
    """The recipient of a mail, with language and time zone as in their settings."""

    email: str
    language: str = ""
    zone: str = ""


def reader_of(email: str, *, language: str = "") -> Reader:
    """The reader with this e-mail; `language` is the default if they have chosen none."""
    chosen = Preference.objects.filter(user__email=email).first()
    if chosen is None:
        return Reader(email, language)
    return Reader(email, chosen.language or language, chosen.time_zone)


def write_mail(
    template: str, reader: Reader, sender: Sender, context: Mapping[str, Any], *, path: str = ""
) -> None:
    """Write the mail to the outbox. `path` is the target of its link.

    Names and notes in the `context` are made inert: see `inert`.
    """
    known = {code for code, _ in settings.LANGUAGES}
    language = reader.language if reader.language in known else settings.LANGUAGE_CODE
    context = {
        **inert(dict(context)),
        "brand": inert(sender.brand),
        "link": sender.link(path) if path else "",
        "has_origin": bool(sender.origin),
    }
    with translation.override(language), timezone.override(ZoneInfo(reader.zone or "UTC")):
        text = render_to_string(f"{FOLDER}/{template}.txt", context)
    subject, _, body = text.strip().partition("\n")
    body = re.sub(r"\n{3,}", "\n\n", body.strip())
    send_mail(" ".join(subject.split()), f"{body}\n", None, [reader.email])


DOT_IN_NAME = re.compile(r"(?<=\w)[.\u3002\uff0e\uff61](?=[^\W\d_])")


def inert(value: Any) -> Any:
    """`value`, changed so that no mail program turns its texts into links: other people wrote them.

    "https://evil.example/claim" becomes "https: //evil. example/claim", on one line.
    """
    if isinstance(value, str):
        text = " ".join(value.split()).replace("://", ": //")
        return re.sub(r"(?<=\S)@(?=\S)", " @ ", DOT_IN_NAME.sub(". ", text))
    if isinstance(value, Mapping):
        return {key: inert(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [inert(each) for each in value]
    return value
