"""Leaving an organization: every member may, with any role."""

from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext

from fusion.accounts.remove_member import leave_organization
from fusion.kernel.errors import Problem, not_found
from fusion.portal.forms import Confirmation
from fusion.portal.page import BUTTON, page
from fusion.portal.responses import done, refused
from fusion.portal.session_actor import PageRequest, actor_by


@page(None, methods=BUTTON)
def leave(request: PageRequest, member_id: UUID) -> HttpResponse:
    """`POST /account/memberships/<id>/leave`: delete one's own membership."""
    actor = actor_by(request, member_id)
    if actor is None:
        raise not_found("membership")
    try:
        leave_organization(actor)
    except Problem as problem:
        form = Confirmation(request.POST)
        form.refuse(problem)
        return refused(request, form, "settings")
    return done(request, gettext("You have left the organization."), "home")
