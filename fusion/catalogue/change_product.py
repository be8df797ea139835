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
from fusion.catalogue.queries import current_items, current_requirements, product_document
from fusion.catalogue.rules import Item, next_revision
from fusion.catalogue.save_product import save_product
from fusion.catalogue.save_requirements import check_requirements, save_requirements
from fusion.catalogue.save_revision import check_items, save_revision
from fusion.events.emit import emit


class ProductChanges(TypedDict, total=False):
    """The changes; omitted members stay unchanged. `items` and `requires` replace all."""

    name: str
    description: str
    external_reference: str | None
    status: str
    items: Sequence[Item]
    min_quantity: int | None
    max_quantity: int | None
    step: int | None
    requires: Sequence[str]


@use_case(MANAGE_PRODUCTS, verb="product.change")
def change_product(
    actor: Actor, *, product_id: UUID, changes: ProductChanges, if_match: str | None = None
) -> Done:
    """The product after the change. Every accepted change gives it a new version.

    Problems: `not-found`, `invalid-fields` (a SKU or required product unknown or repeated, a cycle,
    limits that allow no quantity, a malformed `if_match`), `stale-revision` (`if_match` names
    another version), `external-reference-taken`.
    """
    product = lock_product(actor, product_id)
    required = current_requirements(product)
    if "requires" in changes:
        required = check_requirements(actor, product.code, changes["requires"])
    items = before = current_items(product)
    skus: dict[str, Sku] = {}
    if "items" in changes:
        items, skus = check_items(actor, changes["items"])
    require_match(if_match, product.version)

    was, was_status = product.revision, product.status
    for field in ("name", "description", "external_reference", "status"):
        if field in changes:
            setattr(product, field, changes[field])
    for limit in ("min_quantity", "max_quantity", "step"):
        if limit in changes:
            setattr(product, limit, changes[limit])
    product.limits.check()
    product.revision = next_revision(product.revision, before, items)
    product.version += 1
    save_product(product)
    if "requires" in changes:
        save_requirements(product, required)
    if product.revision != was:
        save_revision(product, items, skus, actor=actor)

    retired = was_status == ACTIVE and product.status == RETIRED
    document = product_document(product, items, required)
    emit(
        type="product.retired" if retired else "product.changed",
        group_id=actor.group_id,
        path=actor.path,
        subject=product.id,
        actor=actor.label,
        data=document,
    )
    return Done(document, actor.path, product.id, version=product.version)
