"""Saving a product's items: operations, in the transaction of a change of the product."""

from collections.abc import Mapping, Sequence

from fusion.access.actor import Actor
from fusion.catalogue.models import Product, ProductRevision, RevisionItem, Sku
from fusion.catalogue.queries import find_skus
from fusion.catalogue.rules import Item, by_sku, repeated
from fusion.kernel.errors import InvalidFields


def check_items(actor: Actor, items: Sequence[Item]) -> tuple[dict[str, int], dict[str, Sku]]:
    """The items by SKU code, and their SKUs; InvalidFields for a repeated or unknown one.

    SKUs are never removed, so the result stays valid.
    """
    skus = find_skus(actor, [item["sku"] for item in items])
    twice = set(repeated(items))
    wrong = {}
    for position, item in enumerate(items):
        if position in twice:
            wrong[f"items.{position}.sku"] = (
                f"{item['sku']} is already in the list; use one item with the total quantity"
            )
        elif item["sku"] not in skus:
            wrong[f"items.{position}.sku"] = f"no SKU has the code {item['sku']}"
    if wrong:
        raise InvalidFields(**wrong)
    return by_sku(items), skus


def save_revision(
    product: Product, items: Mapping[str, int], skus: Mapping[str, Sku], *, actor: Actor
) -> None:
    """Write the items of the product's present revision. These rows never change."""
    revision = {
        "group_id": product.group_id,
        "product": product,
        "revision": product.revision,
    }
    ProductRevision(**revision, actor=actor.label).save(force_insert=True)
    RevisionItem.objects.bulk_create(
        RevisionItem(**revision, sku=skus[code], quantity=quantity)
        for code, quantity in items.items()
    )
