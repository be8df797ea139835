"""The e-mail of an invitation, and the link that may be copied instead.

A page or the API creates an invitation; its mail is due from then on. The page writes it at once,
the worker writes all others. The mail is marked as written in the same transaction.
"""

from urllib.parse import urlencode
from uuid import UUID

from django.db import transaction
from django.urls import reverse

from fusion.accounts.invitation_keys import copied_key, mailed_key, opens_by_mail
from fusion.accounts.invitations import take_due_mails
from fusion.accounts.models import Invitation
from fusion.portal.mails.write import reader_of, sender_of, write_mail


def write_invitation_mails(*, only: UUID | None = None, limit: int = 50) -> int:
    """Write the mails that are due, or that of one invitation; returns how many were due."""
    with transaction.atomic():
        due = take_due_mails(only=only, limit=limit)
        rows = Invitation.objects.unscoped("their mails are due, in all groups")
        for invitation in rows.select_related("organization").filter(id__in=due).order_by("id"):
            _write(invitation)
    return len(due)


def _write(invitation: Invitation) -> None:
    key = mailed_key(invitation.id, invitation.sent)
    if invitation.state != "open" or not opens_by_mail(invitation, key):
        return
    organization = invitation.organization
    context = {"organization": organization.name, "role": invitation.role}
    write_mail(
        "invitation",
        reader_of(invitation.email, language=invitation.language),
        sender_of(organization.group_id),
        context,
        path=_path(key),
    )


def path_to_copy(invitation: Invitation) -> str:
    """The path that accepts the invitation without its mail."""
    return _path(copied_key(invitation))


def _path(key: str) -> str:
    return f"{reverse('invitation')}?{urlencode({'key': key})}"
