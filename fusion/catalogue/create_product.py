"""Creating a product, in its first revision."""

from collections.abc import Sequence

from fusion.access.actor import Actor
from fusion.access.permissions import MANAGE_PRODUCTS
from fusion.access.use_case import Done, use_case
from fusion.catalogue.models import Product
from fusion.catalogue.queries import product_document
from fusion.catalogue.rules import Item
from fusion.catalogue.save_product import save_product
from fusion.catalogue.save_revision import check_items, save_revision
from fusion.events.emit import emit


@use_case(MANAGE_PRODUCTS, verb="product.create", status=201)
def create_product(
    actor: Actor,
    *,
    code: str,
    name: str,
    items: Sequence[Item],
    description: str = "",
    external_reference: str | None = None,
) -> Done:
    """A new active product of the actor's group.

    Problems: `invalid-fields` (a SKU unknown or repeated), `conflict` (code taken),
    `external-reference-taken`.
    """
    quantities, skus = check_items(actor, items)
    product = Product(
        group_id=actor.group_id,
        code=code,
        name=name,
        description=description,
        external_reference=external_reference,
    )
    save_product(product, insert=True)
    save_revision(product, quantities, skus, actor=actor)
    document = product_document(product, quantities)
    emit(
        type="product.created",
        group_id=actor.group_id,
        path=actor.path,
        subject=product.id,
        actor=actor.label,
        data=document,
    )
    return Done(document, actor.path, product.id, version=product.version)
