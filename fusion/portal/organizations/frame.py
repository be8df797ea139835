"""The frame of an organization's pages: header, tabs, and buttons."""

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from fusion.access.actor import GROUP, TENANT, Actor
from fusion.access.permissions import (
    MANAGE_ORGANIZATIONS,
    MANAGE_SUBSCRIPTIONS,
    MOVE,
    READ_JOBS,
    READ_MEMBERS,
    READ_TENANCY,
    SUSPEND,
    Permission,
)
from fusion.portal.session_actor import PageRequest
from fusion.tenancy.models import Organization
from fusion.tenancy.rules import MOVABLE, PARENTS
from fusion.tenancy.tree import list_above

TABS: Sequence[tuple[str, str, Any, Permission]] = (
    ("overview", "organizations-detail", _("Overview"), READ_TENANCY),
    ("members", "organizations-members", _("Members"), READ_MEMBERS),
    ("clients", "organizations-clients", _("API clients"), READ_MEMBERS),
    ("jobs", "organizations-jobs", _("Bulk changes"), READ_JOBS),
)
"""Tab → its page's URL name, its label, its readers."""


def children_kinds(actor: Actor, kind: str) -> list[str]:
    """The kinds of organization that the actor may create under one of `kind`."""
    if not MANAGE_ORGANIZATIONS.allows(actor):
        return []
    return [child for child, parents in PARENTS.items() if kind in parents]


def frame(request: PageRequest, organization: Organization, tab: str) -> dict[str, Any]:
    """The context of `portal/organizations/base.html`.

    Nobody edits their own organization except a group's administrators, and nobody deletes it.
    """
    actor = request.actor
    above = actor.is_above(organization.path)
    manages = MANAGE_ORGANIZATIONS.allows(actor)
    return {
        "organization": organization,
        "above": list_above(actor, organization.path),
        "organization_id": str(organization.id),
        "is_tenant": organization.kind == TENANT,
        "tabs": [
            (name == tab, reverse(url, args=[organization.id]), label)
            for name, url, label, permission in TABS
            if permission.allows(actor) and (name != "jobs" or organization.kind != GROUP)
        ],
        "may_edit": manages and (above or organization.kind == GROUP),
        "may_delete": manages and above,
        "may_move": organization.kind in MOVABLE and MOVE.allows(actor),
        "may_suspend": organization.kind != GROUP and SUSPEND.allows(actor),
        "may_add": bool(children_kinds(actor, organization.kind)),
        "may_subscribe": organization.kind == TENANT and MANAGE_SUBSCRIPTIONS.allows(actor),
    }
