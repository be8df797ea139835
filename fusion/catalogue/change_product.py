"""Changing a product: its texts, its items (a new revision), or retiring and reactivating it.

Changes no order or balance: orders keep the revision they were placed with.
"""

from collections.abc import Sequence
from typing import TypedDict
from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.permissions import MANAGE_PRODUCTS
from fusion.access.use_case import Done, use_case
from fusion.catalogue.etag import require_match
from fusion.catalogue.lock_product import lock_product
from fusion.catalogue.models import ACTIVE, RETIRED, Sku
from fusion.catalogue.queries import current_items, product_document
from fusion.catalogue.rules import Item, next_revision
from fusion.catalogue.save_product import save_product
from fusion.catalogue.save_revision import check_items, save_revision
from fusion.events.emit import emit


class ProductChanges(TypedDict, total=False):
    """The changes; omitted members stay unchanged. `items` replaces all items."""

    name: str
    description: str
    external_reference: str | None
    status: str
    items: Sequence[Item]


@use_case(MANAGE_PRODUCTS, verb="product.change")
def change_product(
    actor: Actor, *, product_id: UUID, changes: ProductChanges, if_match: str | None = None
) -> Done:
    """The product after the change. Every accepted change gives it a new version.

    Problems: `not-found`, `invalid-fields` (a SKU unknown or repeated, a malformed `if_match`),
    `stale-revision` (`if_match` names another version), `external-reference-taken`.
    """
    product = lock_product(actor, product_id)
    items = before = current_items(product)
    skus: dict[str, Sku] = {}
    if "items" in changes:
        items, skus = check_items(actor, changes["items"])
    require_match(if_match, product.version)

    was, was_status = product.revision, product.status
    for field in ("name", "description", "external_reference", "status"):
        if field in changes:
            setattr(product, field, changes[field])
    product.revision = next_revision(product.revision, before, items)
    product.version += 1
    save_product(product)
    if product.revision != was:
        save_revision(product, items, skus, actor=actor)

    retired = was_status == ACTIVE and product.status == RETIRED
    document = product_document(product, items)
    emit(
        type="product.retired" if retired else "product.changed",
        group_id=actor.group_id,
        path=actor.path,
        subject=product.id,
        actor=actor.label,
        data=document,
    )
    return Done(document, actor.path, product.id, version=product.version)
