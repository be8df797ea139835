"""Creating a SKU: an entitlement to one phone-number type of one country.

Licence SKUs cannot be created: every group has those of all metrics.
"""

from django.db import IntegrityError, transaction

from fusion.access.actor import Actor
from fusion.access.permissions import MANAGE_SKUS
from fusion.access.use_case import Done, use_case
from fusion.catalogue.models import ENTITLEMENT, NUMBER, Sku
from fusion.catalogue.queries import sku_document
from fusion.kernel.constraints import violated
from fusion.kernel.errors import Problem


@use_case(MANAGE_SKUS, verb="sku.create", status=201)
def create_sku(actor: Actor, *, code: str, name: str, country: str, number_type: str) -> Done:
    """A new entitlement SKU of the actor's group; Problem `conflict` if the code is taken."""
    sku = Sku(
        group_id=actor.group_id,
        code=code,
        name=name,
        type=ENTITLEMENT,
        metric=NUMBER,
        country=country,
        number_type=number_type,
    )
    try:
        with transaction.atomic():
            sku.save(force_insert=True)
    except IntegrityError as error:
        # The unique index is the lock: of two concurrent requests, the second is refused here.
        if violated(error) != "sku_code":
            raise
        raise Problem(
            "conflict",
            f"A SKU with the code {code} already exists. Use that SKU, or choose another code.",
        ) from None
    return Done(sku_document(sku), actor.path, sku.id)
