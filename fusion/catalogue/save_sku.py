"""Saving a SKU's row: an operation, in the transaction of a change of the SKU."""

from fusion.access.constraint_errors import map_constraint_errors
from fusion.catalogue.models import Sku
from fusion.kernel.errors import Problem

EDITABLE = ("name", "external_reference")
"""The columns that may change; code, type and metric never do, because balances carry them."""


def save_sku(sku: Sku, *, insert: bool = False) -> None:
    """Write the row; Problems `conflict` (code taken) and `external-reference-taken`.

    The unique indexes are the lock: of two concurrent requests, the second is refused here.
    """
    code_taken = Problem(
        "conflict",
        f"A SKU with the code {sku.code} already exists. Use that SKU, or choose another code.",
    )
    with map_constraint_errors(
        sku_code=code_taken, sku_external_reference=lambda: _reference_taken(sku)
    ):
        if insert:
            sku.save(force_insert=True)
        else:
            sku.save(update_fields=EDITABLE)


def _reference_taken(sku: Sku) -> Problem:
    """Only a group sets references of SKUs, and it sees all of its own."""
    rows = Sku.objects.unscoped("SKUs of the group that changes one")
    other = rows.filter(group_id=sku.group_id, external_reference=sku.external_reference).first()
    existing = other and {"kind": "sku", "id": str(other.id)}
    return Problem(
        "external-reference-taken",
        f"Another SKU already has the external reference {sku.external_reference}. Remove it from "
        "that SKU first, or use another one.",
        extra={"existing": existing} if existing else None,
    )
