"""The settings of a group that rooms below ask for: who may port numbers."""

from uuid import UUID

from fusion.tenancy.models import GroupSettings

ONLY_GROUP, BY_REQUEST, ANYONE = "group", "request", "anyone"
DEFAULT_PORTING = BY_REQUEST


def porting_of(group_id: UUID) -> str:
    """Who may port numbers: one of `models.PORTING`."""
    rows = GroupSettings.objects.unscoped("a group's setting holds for all below it")
    found = rows.filter(group_id=group_id).values_list("porting", flat=True).first()
    return found or DEFAULT_PORTING


def set_porting(group_id: UUID, porting: str) -> None:
    """Set who may port numbers."""
    GroupSettings.objects.unscoped("the actor's own group").update_or_create(
        group_id=group_id, defaults={"porting": porting}
    )
