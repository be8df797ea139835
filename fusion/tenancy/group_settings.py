"""The settings of a group: who may port numbers, and how long the date of an order may be past."""

from typing import Any
from uuid import UUID

from fusion.tenancy.models import GroupSettings

ONLY_GROUP, BY_REQUEST, ANYONE = "group", "request", "anyone"
DEFAULT_PORTING = BY_REQUEST

DEFAULT_ORDER_GRACE = 24
"""Hours."""


def porting_of(group_id: UUID) -> str:
    """Who may port numbers: one of `models.PORTING`."""
    rows = GroupSettings.objects.unscoped("a group's setting holds for all below it")
    found = rows.filter(group_id=group_id).values_list("porting", flat=True).first()
    return found or DEFAULT_PORTING


def order_grace_of(group_id: UUID) -> int:
    """How many hours the `effective_at` of an order may be past; SQL has `ordering_grace`."""
    rows = GroupSettings.objects.unscoped("a group's setting holds for all below it")
    found = rows.filter(group_id=group_id).values_list("order_grace_hours", flat=True).first()
    return DEFAULT_ORDER_GRACE if found is None else found


def change_settings(group_id: UUID, **values: Any) -> None:
    """Set these columns of `GroupSettings`."""
    GroupSettings.objects.unscoped("the actor's own group").update_or_create(
        group_id=group_id, defaults=values
    )
