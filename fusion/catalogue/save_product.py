"""Saving a product's row: an operation, in the transaction of a change of the product."""

from django.db import IntegrityError, transaction

from fusion.catalogue.models import Product
from fusion.kernel.constraints import violated
from fusion.kernel.errors import Problem

EDITABLE = (
    "name",
    "description",
    "external_reference",
    "status",
    "revision",
    "version",
    "min_quantity",
    "max_quantity",
    "step",
)
"""The columns that may change; code and group never do."""


def save_product(product: Product, *, insert: bool = False) -> None:
    """Write the row; Problems `conflict` (code taken) and `external-reference-taken`.

    The unique indexes are the lock: of two concurrent requests, the second is refused here.
    """
    try:
        with transaction.atomic():
            if insert:
                product.save(force_insert=True)
            else:
                product.save(update_fields=EDITABLE)
    except IntegrityError as error:
        match violated(error):
            case "product_code":
                raise Problem(
                    "conflict",
                    f"A product with the code {product.code} already exists. Change that "
                    "product, or choose another code.",
                ) from None
            case "product_external_reference":
                raise _reference_taken(product) from None
            case _:
                raise


def _reference_taken(product: Product) -> Problem:
    """Only a group sets references of products, and it sees all of its own."""
    reference = product.external_reference
    rows = Product.objects.unscoped("products of the group that changes one")
    other = rows.filter(group_id=product.group_id, external_reference=reference).first()
    existing = other and {"kind": "product", "id": str(other.id), "state": other.status}
    return Problem(
        "external-reference-taken",
        f"Another product already has the external reference {reference}. Remove it from "
        "that product first, or use another one.",
        extra={"existing": existing} if existing else None,
    )
