"""Renaming a SKU. Its code, type and metric never change: balances carry them."""

from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.permissions import MANAGE_SKUS
from fusion.access.use_case import Done, use_case
from fusion.catalogue.models import Sku
from fusion.catalogue.queries import sku_document
from fusion.kernel.errors import or_not_found


@use_case(MANAGE_SKUS, verb="sku.change")
def rename_sku(actor: Actor, *, sku_id: UUID, name: str | None = None) -> Done:
    """Set the name; None leaves it unchanged. Problem `not-found`."""
    rows = Sku.objects.visible_to(actor).select_for_update(no_key=True)
    sku = or_not_found(rows.filter(id=sku_id).first(), "SKU")
    if name is not None and name != sku.name:
        sku.name = name
        sku.save(update_fields=["name"])
    return Done(sku_document(sku), actor.path, sku.id)
