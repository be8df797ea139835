"""The settings of a provider, which concern several rooms: reading and changing them."""

from typing import Any
from uuid import UUID

from fusion.access.actor import GROUP, Actor
from fusion.access.permissions import MANAGE_SETTINGS
from fusion.access.use_case import Done, use_case
from fusion.kernel.errors import Problem, not_found
from fusion.tenancy.group_settings import change_settings, order_grace_of, porting_of
from fusion.tenancy.models import Organization
from fusion.tenancy.queries import find_organization
from fusion.trunks.emergency_numbers import (
    Numbers,
    group_numbers,
    lock_settings,
    replace_group_numbers,
)


def find_provider(actor: Actor, id: UUID) -> Organization | None:
    """The actor's group; None below it, where the group is known but not visible.

    Problems: `not-found`; `forbidden` for an organization that is not a group.
    """
    if id == actor.group_id and actor.kind != GROUP:
        return None
    organization = find_organization(actor, id)
    if organization.kind != GROUP:
        raise Problem(
            "forbidden",
            f"Only a group, the provider itself, has settings; this is a {organization.kind}. "
            "Use the id of the group.",
        )
    return organization


def settings_document(group_id: UUID) -> dict[str, Any]:
    """The settings as the API shows them."""
    return {
        "porting": porting_of(group_id),
        "order_grace_hours": order_grace_of(group_id),
        "emergency_numbers": group_numbers(group_id),
    }


@use_case(MANAGE_SETTINGS, verb="settings.change")
def edit_settings(
    actor: Actor,
    *,
    organization_id: UUID,
    porting: str | None = None,
    order_grace_hours: int | None = None,
    emergency_numbers: Numbers | None = None,
) -> Done:
    """Set the settings that are not None.

    `porting` is one of `tenancy.models.PORTING`; `order_grace_hours` is how long the date of an
    order may be past; `emergency_numbers` replaces all numbers that the group added. Problems:
    `not-found`, `forbidden`, `invalid-fields` (a number that the country has already).
    """
    group = find_provider(actor, organization_id)
    if group is None:
        raise not_found("provider")
    lock_settings(actor)
    if porting is not None:
        change_settings(group.id, porting=porting)
    if order_grace_hours is not None:
        change_settings(group.id, order_grace_hours=order_grace_hours)
    if emergency_numbers is not None:
        replace_group_numbers(group.id, emergency_numbers)
    return Done(settings_document(group.id), group.path, group.id)
