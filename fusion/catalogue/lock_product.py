"""Lock a product: an operation, at the start of whatever changes it."""

from uuid import UUID

from fusion.catalogue.models import Product
from fusion.kernel.errors import not_found
from fusion.tenancy.actor import Actor


def lock_product(actor: Actor, id: UUID) -> Product:
    """The product's row, locked until the transaction ends; Problem `not-found`.

    Two edits at once: the second waits here and goes on from what the first has written, so that
    no edit is lost and no revision number is given twice. What hangs on the row is read in a
    later statement: this one's snapshot is older than the lock.
    """
    product = Product.objects.visible_to(actor).select_for_update().filter(id=id).first()
    if product is None:
        raise not_found("product")
    return product
