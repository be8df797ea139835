"""Locking a product: an operation, at the start of every change of it."""

from uuid import UUID

from fusion.access.actor import Actor
from fusion.catalogue.models import Product
from fusion.kernel.database import execute
from fusion.kernel.errors import or_not_found

CATALOGUE = (
    "SELECT pg_advisory_xact_lock(hashtextextended('catalogue_requirement:' || %s::text, 0))"
)


def lock_catalogue(actor: Actor) -> None:
    """Wait for other changes of the group's products, before any row is locked.

    A requirement concerns several products: changes one after another make no cycle together, and
    no deadlock.
    """
    execute(CATALOGUE, [actor.group_id])


def lock_product(actor: Actor, id: UUID) -> Product:
    """The product's row, locked until the transaction ends; Problem `not-found`.

    Of two concurrent edits the second waits here and continues from the result of the first, so
    that no edit is lost and no revision number is used twice. Read dependent rows in a later
    statement: the snapshot of this one is older than the lock.
    """
    lock_catalogue(actor)
    rows = Product.objects.visible_to(actor).select_for_update().filter(id=id)
    return or_not_found(rows.first(), "product")
