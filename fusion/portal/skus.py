"""Names of SKUs: read models use codes, people use names."""

from fusion.access.actor import Actor
from fusion.catalogue.models import ENTITLEMENT, Sku


def sku_names(actor: Actor) -> dict[str, str]:
    """Code → name of each SKU of the actor's group; one statement."""
    return dict(Sku.objects.visible_to(actor).values_list("code", "name"))


def number_skus(actor: Actor) -> dict[str, str]:
    """The same for the SKUs of numbers alone, by name."""
    rows = Sku.objects.visible_to(actor).filter(type=ENTITLEMENT).order_by("name", "code")
    return dict(rows.values_list("code", "name"))
