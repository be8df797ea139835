"""Porting numbers in: from another operator, assigned to a subscription at once."""

from collections.abc import Sequence
from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.db_function import call_function
from fusion.access.permissions import PROVISION
from fusion.access.use_case import Answer, hot_use_case
from fusion.catalogue.models import ENTITLEMENT, Sku
from fusion.kernel.errors import InvalidFields
from fusion.numbers.resolve import resolve_numbers
from fusion.numbers.rules import countries, number_types


@hot_use_case(PROVISION)
def port_in(
    actor: Actor, *, subscription_id: UUID, numbers: Sequence[str], sku: str | None = None
) -> Answer:
    """Port `numbers` in and assign them, all or none; 201 and `{items: [number]}`.

    Each consumes one entitlement of the SKU of its country and type: of `sku` if given, else of the
    first SKU that fits, geographic before mobile, then by code.

    Problems: `forbidden`, `not-found`, `invalid-fields` (not a valid number, or no SKU for it),
    `idempotency-key-reused`, `subscription-suspended`, `subscription-terminated`,
    `number-not-available`, `no-entitlement`.
    """
    skus = Sku.objects.visible_to(actor).filter(type=ENTITLEMENT).order_by("code")
    known = list(skus if sku is None else skus.filter(code=sku))
    if sku is not None and not known:
        raise InvalidFields(sku="is not the code of a number type in your catalogue")
    country = known[0].country if sku is not None else None
    numbers = resolve_numbers(actor, numbers, subscription_id=subscription_id, country=country)
    found = [_sku_for(e164, known) for e164 in numbers]
    wrong = {
        f"numbers.{index}": _no_sku(e164)
        for index, (e164, its_sku) in enumerate(zip(numbers, found, strict=True))
        if its_sku is None
    }
    if wrong:
        raise InvalidFields(**wrong)
    return call_function(
        actor,
        "numbers_port_in_v2",
        subscription_id=subscription_id,
        numbers=numbers,
        skus=[its_sku.id for its_sku in found if its_sku is not None],
    )


def _sku_for(e164: str, skus: Sequence[Sku]) -> Sku | None:
    its_countries = countries(e164)
    for type in number_types(e164):
        for sku in skus:
            if sku.number_type == type and sku.country in its_countries:
                return sku
    return None


def _no_sku(e164: str) -> str:
    types = " or ".join(number_types(e164))
    where = " or ".join(countries(e164))
    if not (types and where):
        return f"{e164} is not a valid phone number"
    return f"{e164} is a {types} number of {where}, but no matching SKU exists"
