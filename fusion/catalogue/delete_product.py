"""Deleting a product: removed if it was never ordered, else retired.

This room cannot know whether a product was ordered, because orders are in a higher room. That room
adds a trigger to the products' table (`ordering/migrations`) that works like a foreign key: the
database refuses to remove a product with orders. An order takes only a shared lock for it.
"""

from uuid import UUID

from django.db import IntegrityError, transaction
from psycopg.errors import ForeignKeyViolation

from fusion.access.actor import Actor
from fusion.access.permissions import MANAGE_PRODUCTS
from fusion.access.use_case import Done, use_case
from fusion.catalogue.etag import require_match
from fusion.catalogue.lock_product import lock_product
from fusion.catalogue.models import RETIRED, Product
from fusion.catalogue.queries import (
    current_items,
    current_requirements,
    find_dependents,
    product_document,
)
from fusion.catalogue.save_product import save_product
from fusion.events.emit import emit
from fusion.kernel.errors import Problem


@use_case(MANAGE_PRODUCTS, verb="product.delete", status=204)
def delete_product(actor: Actor, *, product_id: UUID, if_match: str | None = None) -> Done:
    """Remove the product, or retire it; a retired one stays as it is.

    Problems: `not-found`, `stale-revision` (`if_match` names another version), `invalid-fields` (a
    malformed `if_match`), `conflict` (other products require it).
    """
    product = lock_product(actor, product_id)
    require_match(if_match, product.version)
    _require_no_dependents(product)
    items, required = current_items(product), current_requirements(product)
    document = product_document(product, items, required)
    if _remove(product):
        event = "product.deleted"
    elif product.status != RETIRED:
        event = "product.retired"
        product.status = RETIRED
        product.version += 1
        save_product(product)
        document = product_document(product, items, required)
    else:
        return Done(None, actor.path, product_id)
    emit(
        type=event,
        group_id=actor.group_id,
        path=actor.path,
        subject=product_id,
        actor=actor.label,
        data=document,
    )
    return Done(None, actor.path, product_id)


def _require_no_dependents(product: Product) -> None:
    """Under the product's lock: a requirement in progress waits for it, or was waited for."""
    codes = find_dependents(product)
    if codes:
        raise Problem(
            "conflict",
            f"Other products require {product.code}: {', '.join(codes)}. Remove it from what they"
            " require first, or retire it instead: then it can no longer be ordered.",
            extra={"required_by": codes},
        )


def _remove(product: Product) -> bool:
    """Remove the row and its revisions; false if a reference to the product prevents it."""
    try:
        with transaction.atomic():
            product.delete()
    except IntegrityError as error:
        if isinstance(error.__cause__, ForeignKeyViolation):
            return False
        raise
    return True
