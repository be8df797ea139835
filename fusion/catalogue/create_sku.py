"""Creating a SKU: an entitlement to one phone-number type of one country.

Licence SKUs cannot be created: every group has those of all metrics.
"""

from fusion.access.actor import Actor
from fusion.access.permissions import MANAGE_SKUS
from fusion.access.use_case import Done, use_case
from fusion.catalogue.models import ENTITLEMENT, NUMBER, Sku
from fusion.catalogue.queries import sku_document
from fusion.catalogue.save_sku import save_sku


@use_case(MANAGE_SKUS, verb="sku.create", status=201)
def create_sku(
    actor: Actor,
    *,
    code: str,
    name: str,
    country: str,
    number_type: str,
    external_reference: str | None = None,
) -> Done:
    """A new entitlement SKU of the actor's group.

    Problems: `conflict` (the code is taken), `external-reference-taken`.
    """
    sku = Sku(
        group_id=actor.group_id,
        code=code,
        name=name,
        type=ENTITLEMENT,
        metric=NUMBER,
        country=country,
        number_type=number_type,
        external_reference=external_reference,
    )
    save_sku(sku, insert=True)
    return Done(sku_document(sku), actor.path, sku.id)
