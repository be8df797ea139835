"""Names of SKUs and products: read models use codes and ids, people use names."""

from collections.abc import Iterable, Mapping
from typing import Any

from fusion.access.actor import Actor
from fusion.catalogue.models import ENTITLEMENT, Product, Sku


def sku_names(actor: Actor) -> dict[str, str]:
    """Code → name of each SKU of the actor's group; one statement."""
    return dict(Sku.objects.visible_to(actor).values_list("code", "name"))


def number_skus(actor: Actor) -> dict[str, str]:
    """The same for the SKUs of numbers alone, by name."""
    rows = Sku.objects.visible_to(actor).filter(type=ENTITLEMENT).order_by("name", "code")
    return dict(rows.values_list("code", "name"))


def product_names(actor: Actor, lines: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Id → name of the products in these lines that the actor sees."""
    rows = Product.objects.visible_to(actor).filter(id__in=[line["product_id"] for line in lines])
    return {str(id): name for id, name in rows.values_list("id", "name")}
