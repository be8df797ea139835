"""What SKUs are called: read models speak of codes, people of names."""

from fusion.catalogue.models import Sku
from fusion.tenancy.actor import Actor


def sku_names(actor: Actor) -> dict[str, str]:
    """Code → name of each SKU of the actor's group; one statement."""
    return dict(Sku.objects.visible_to(actor).values_list("code", "name"))
