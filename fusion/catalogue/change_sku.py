"""Changing a SKU: its name and external reference. Balances carry its code, type and metric."""

from typing import TypedDict
from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.permissions import MANAGE_SKUS
from fusion.access.use_case import Done, use_case
from fusion.catalogue.models import Sku
from fusion.catalogue.queries import sku_document
from fusion.catalogue.save_sku import save_sku
from fusion.kernel.errors import or_not_found


class SkuChanges(TypedDict, total=False):
    """The changes; omitted members stay unchanged."""

    name: str
    external_reference: str | None


@use_case(MANAGE_SKUS, verb="sku.change")
def change_sku(actor: Actor, *, sku_id: UUID, changes: SkuChanges) -> Done:
    """The SKU after the change. Problems: `not-found`, `external-reference-taken`."""
    rows = Sku.objects.visible_to(actor).select_for_update(no_key=True)
    sku = or_not_found(rows.filter(id=sku_id).first(), "SKU")
    if "name" in changes:
        sku.name = changes["name"]
    if "external_reference" in changes:
        sku.external_reference = changes["external_reference"]
    save_sku(sku)
    return Done(sku_document(sku), actor.path, sku.id)
