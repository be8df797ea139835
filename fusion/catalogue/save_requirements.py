"""Saving the products that a product requires: operations, in the transaction of a change of it."""

from collections.abc import Mapping, Sequence

from fusion.access.actor import Actor
from fusion.access.constraint_errors import map_constraint_errors
from fusion.catalogue.models import Product, Requirement
from fusion.catalogue.queries import find_products
from fusion.catalogue.rules import cycle
from fusion.kernel.errors import InvalidFields


def check_requirements(actor: Actor, code: str, codes: Sequence[str]) -> dict[str, Product]:
    """The products that `code` shall require, by code, in their order.

    InvalidFields for a repeated or unknown one, and for one that requires `code` itself. The caller
    has locked the catalogue, so that the result stays valid unless a product is deleted.
    """
    if not codes:
        return {}
    known = find_products(actor, codes)
    wrong = {}
    for position, each in enumerate(codes):
        if each in codes[:position]:
            wrong[f"requires.{position}"] = f"{each} is already in the list"
        elif each not in known:
            wrong[f"requires.{position}"] = f"no product has the code {each}"
    if wrong:
        raise InvalidFields(**wrong)
    circle = cycle({**_requirements(actor, code), code: codes}, code)
    if circle:
        raise InvalidFields(
            **{
                f"requires.{codes.index(circle[1])}": (
                    f"a product cannot require itself: {' → '.join(circle)}"
                )
            }
        )
    return {each: known[each] for each in codes}


def _requirements(actor: Actor, code: str) -> dict[str, list[str]]:
    """What the group's other products require, by code."""
    rows = Requirement.objects.filter(group_id=actor.group_id).exclude(product__code=code)
    requires: dict[str, list[str]] = {}
    for product, required in rows.values_list("product__code", "required__code"):
        requires.setdefault(product, []).append(required)
    return requires


def save_requirements(product: Product, required: Mapping[str, Product]) -> None:
    """Replace the products that `product` requires; InvalidFields if one was deleted meanwhile."""
    rows = Requirement.objects.filter(group_id=product.group_id, product=product)
    before = set(rows.values_list("required_id", flat=True))
    after = {each.id for each in required.values()}
    rows.filter(required_id__in=before - after).delete()
    with map_constraint_errors(
        requirement_required=InvalidFields(
            requires="one of these products has just been deleted; read them again"
        )
    ):
        Requirement.objects.bulk_create(
            Requirement(group_id=product.group_id, product=product, required_id=id)
            for id in sorted(after - before)
        )
