"""Where something may be moved: the organizations to choose from."""

from collections.abc import Sequence
from typing import Any

from django.db.models.functions import Lower

from fusion.access.actor import Actor
from fusion.tenancy.models import Organization
from fusion.tenancy.search import ENOUGH, is_long_enough, matching_organizations


def list_places(
    actor: Actor, kinds: Sequence[str], text: str, *, limit: int
) -> list[dict[str, Any]]:
    """Up to `limit` organizations of these kinds: by name those that match `text`, which `actor`
    sees; without a text the first of the tree.

    Each with `parent_name`, which tells organizations of one name apart; None for the group.
    """
    rows = Organization.objects.visible_to(actor).filter(
        group_id=actor.group_id, kind__in=kinds, status="active"
    )
    if text:
        if not is_long_enough(text):
            return []
        matching = rows.filter(id__in=matching_organizations(actor, text)).values("id")[:ENOUGH]
        rows = Organization.objects.visible_to(actor).filter(id__in=matching)
        rows = rows.order_by(Lower("name"), "id")
    else:
        rows = rows.order_by("path")
    return [
        {
            "id": row.id,
            "kind": row.kind,
            "name": row.name,
            "external_reference": row.external_reference,
            "parent_name": row.parent.name if row.parent else None,
        }
        for row in rows.select_related("parent")[:limit]
    ]
