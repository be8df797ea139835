"""Creating a product, in its first revision."""

from collections.abc import Sequence

from fusion.access.actor import Actor
from fusion.access.permissions import MANAGE_PRODUCTS
from fusion.access.use_case import Done, use_case
from fusion.catalogue.lock_product import lock_catalogue
from fusion.catalogue.models import Product
from fusion.catalogue.queries import product_document
from fusion.catalogue.rules import Item, Limits
from fusion.catalogue.save_product import save_product
from fusion.catalogue.save_requirements import check_requirements, save_requirements
from fusion.catalogue.save_revision import check_items, save_revision
from fusion.events.emit import emit

NO_LIMITS = Limits()


@use_case(MANAGE_PRODUCTS, verb="product.create", status=201)
def create_product(
    actor: Actor,
    *,
    code: str,
    name: str,
    items: Sequence[Item],
    description: str = "",
    external_reference: str | None = None,
    limits: Limits = NO_LIMITS,
    requires: Sequence[str] = (),
) -> Done:
    """A new active product of the actor's group; `requires` are codes of other products.

    Problems: `invalid-fields` (a SKU or required product unknown or repeated, limits that allow
    no quantity), `conflict` (code taken), `external-reference-taken`.
    """
    limits.check()
    if requires:
        lock_catalogue(actor)
    required = check_requirements(actor, code, requires)
    quantities, skus = check_items(actor, items)
    product = Product(
        group_id=actor.group_id,
        code=code,
        name=name,
        description=description,
        external_reference=external_reference,
        min_quantity=limits.min_quantity,
        max_quantity=limits.max_quantity,
        step=limits.step,
    )
    save_product(product, insert=True)
    save_revision(product, quantities, skus, actor=actor)
    if required:
        save_requirements(product, required)
    document = product_document(product, quantities, required)
    emit(
        type="product.created",
        group_id=actor.group_id,
        path=actor.path,
        subject=product.id,
        actor=actor.label,
        data=document,
    )
    return Done(document, actor.path, product.id, version=product.version)
