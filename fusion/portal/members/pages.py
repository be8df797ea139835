"""The members of an organization, and invited people: for its administrators and those above."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.db import transaction
from django.http import HttpResponse
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from fusion.access.actor import ROLES, Actor
from fusion.access.permissions import MANAGE_MEMBERS, READ_MEMBERS
from fusion.access.use_case import Answer
from fusion.accounts.change_role import change_role
from fusion.accounts.invitations import acceptable, find_invitation, list_invitations
from fusion.accounts.invite_member import invite_member
from fusion.accounts.models import Invitation, Member
from fusion.accounts.people import find_member, last_administrator_of, list_members
from fusion.accounts.remove_member import remove_member
from fusion.accounts.renew_invitation import renew_invitation
from fusion.accounts.rules import normal_email
from fusion.accounts.withdraw_invitation import withdraw_invitation
from fusion.kernel.clock import read_instant
from fusion.kernel.errors import not_found
from fusion.portal.forms import Confirmation, EmailField, Form
from fusion.portal.mails.write import sender_of
from fusion.portal.members.mail import path_to_copy, write_invitation_mails
from fusion.portal.organizations.frame import frame
from fusion.portal.page import BUTTON, FORM, ROWS, form_of, page, submit
from fusion.portal.responses import confirmed, done, show, show_form
from fusion.portal.session_actor import PageRequest
from fusion.portal.templatetags.kit import ROLE_WORDS
from fusion.tenancy.models import Organization
from fusion.tenancy.queries import find_organization

LIST = "organizations-members"

MEANS = {
    "administrator": _("Has all the organization's permissions and manages its members."),
    "agent": _("Provisions services and places or requests orders, but does not manage members."),
    "viewer": _("Can view everything but change nothing."),
}
"""Role → its rights, in a sentence."""


class RoleForm(Form):
    """The role of a member."""

    role = forms.ChoiceField(
        label=_("Role"),
        widget=forms.RadioSelect,
        choices=[(role, _("%(role)s: %(means)s")) for role in ROLES],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["role"]
        field.choices = [(role, f"{ROLE_WORDS[role]}: {MEANS[role]}") for role in ROLES]


class InvitationForm(RoleForm):
    """A new invitation: e-mail and role."""

    email = EmailField(label=_("E-mail"), max_length=254)
    field_order = ("email", "role")

    def clean_email(self) -> str:
        """The normalized address."""
        try:
            return normal_email(self.cleaned_data["email"])
        except ValueError:
            raise forms.ValidationError(_("This is not a valid e-mail address.")) from None


@page(READ_MEMBERS, organization_id=find_organization)
def members(request: PageRequest, organization: Organization) -> HttpResponse:
    """`GET /customers/<id>/members`."""
    actor = request.actor
    listed = list_members(
        actor, organization_id=organization.id, limit=ROWS, cursor=request.GET.get("cursor")
    )
    invited = list_invitations(
        actor, organization, limit=ROWS, cursor=request.GET.get("invitations")
    )
    mine = request.person.member
    context = {
        **frame(request, organization, "members"),
        "rows": [{**each, "since": read_instant(each["created_at"])} for each in listed["items"]],
        "next": listed["next"],
        "invitations": _shown(request, organization, invited["items"]),
        "more_invitations": invited["next"],
        "mine": str(mine.id) if mine else "",
        "may_manage": MANAGE_MEMBERS.allows(actor),
        "last_administrator": last_administrator_of(organization),
        "from_above": actor.is_above(organization.path),
        "confirmation": Confirmation(),
    }
    return show(request, "portal/members/list.html", context, parts=("more",))


def _shown(
    request: PageRequest, organization: Organization, invitations: Sequence[Invitation]
) -> list[dict[str, Any]]:
    """Each open invitation, whether it can still be accepted, and if so the link to copy."""
    may_copy = MANAGE_MEMBERS.allows(request.actor)
    good = acceptable(invitations)
    sender = sender_of(organization.group_id)
    return [
        {
            "invitation": each,
            "is_over": each.id not in good,
            "link": sender.link(path_to_copy(each)) if may_copy and each.id in good else "",
        }
        for each in invitations
    ]


@page(MANAGE_MEMBERS, methods=FORM, organization_id=find_organization)
def invite(request: PageRequest, organization: Organization) -> HttpResponse:
    """`GET` and `POST /customers/<id>/members/invite`."""
    form = form_of(request, InvitationForm, {"role": "viewer"})

    def change(actor: Actor) -> Answer:
        cleaned = form.cleaned_data
        return invite_member(
            actor,
            organization_id=organization.id,
            email=cleaned["email"],
            role=cleaned["role"],
            language=get_language() or "",
        )

    answer = submit(request, form, lambda actor: _and_write(actor, change))
    if answer is None:
        context = frame(request, organization, "members")
        return show_form(request, "portal/members/invite.html", form, context)
    message = gettext("An invitation was sent to %(email)s.") % form.cleaned_data
    return done(request, message, LIST, organization.id, answer=answer)


def _and_write(actor: Actor, change: Callable[[Actor], Answer]) -> Answer:
    """Run it and write the invitation's mail in one transaction; a replay has no mail due."""
    with transaction.atomic():
        answer = change(actor)
        write_invitation_mails(only=UUID(answer.body["id"]))
    return answer


@page(
    MANAGE_MEMBERS,
    methods=BUTTON,
    organization_id=find_organization,
    invitation_id=find_invitation,
)
def send_again(
    request: PageRequest, organization: Organization, invitation: Invitation
) -> HttpResponse:
    """`POST /customers/<id>/invitations/<id>/send`: another link, for another week."""

    def change(actor: Actor) -> Answer:
        return renew_invitation(actor, organization_id=organization.id, invitation_id=invitation.id)

    return confirmed(
        request,
        lambda actor: _and_write(actor, change),
        gettext("The invitation was sent again. The previous link no longer works."),
        LIST,
        organization.id,
    )


@page(
    MANAGE_MEMBERS,
    methods=BUTTON,
    organization_id=find_organization,
    invitation_id=find_invitation,
)
def withdraw(
    request: PageRequest, organization: Organization, invitation: Invitation
) -> HttpResponse:
    """`POST /customers/<id>/invitations/<id>/withdraw`."""
    return confirmed(
        request,
        lambda actor: withdraw_invitation(
            actor, organization_id=organization.id, invitation_id=invitation.id
        ),
        gettext("The invitation was withdrawn."),
        LIST,
        organization.id,
    )


@page(MANAGE_MEMBERS, methods=FORM, organization_id=find_organization, member_id=find_member)
def role(request: PageRequest, organization: Organization, member: Member) -> HttpResponse:
    """`GET` and `POST /customers/<id>/members/<id>`: another role."""
    if member.organization_id != organization.id:
        raise not_found("member")
    form = form_of(request, RoleForm, {"role": member.role})
    answer = submit(
        request,
        form,
        lambda actor: change_role(
            actor,
            organization_id=organization.id,
            member_id=member.id,
            role=form.cleaned_data["role"],
        ),
    )
    if answer is None:
        mine = request.person.member
        is_mine = mine is not None and mine.id == member.id
        context = {**frame(request, organization, "members"), "member": member, "is_mine": is_mine}
        return show_form(request, "portal/members/role.html", form, context)
    message = gettext("The role was changed.")
    return done(request, message, LIST, organization.id, answer=answer)


@page(MANAGE_MEMBERS, methods=BUTTON, organization_id=find_organization)
def remove(request: PageRequest, organization: Organization, member_id: UUID) -> HttpResponse:
    """`POST /customers/<id>/members/<id>/remove`.

    Removing oneself signs one out of the organization.
    """
    mine = request.person.member
    to: tuple[Any, ...] = (LIST, organization.id)
    if mine is not None and mine.id == member_id:
        to = ("home",)
    return confirmed(
        request,
        lambda actor: remove_member(actor, organization_id=organization.id, member_id=member_id),
        gettext("The member was removed."),
        *to,
    )
