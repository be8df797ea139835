"""The SKUs that fit a number which comes from another operator."""

from collections.abc import Sequence
from uuid import UUID

from fusion.access.actor import GROUP, Actor
from fusion.catalogue.models import ENTITLEMENT, Sku
from fusion.kernel.errors import InvalidFields, Problem
from fusion.numbers.rules import (
    ACCEPT_TO_PORT,
    REQUEST_TO_PORT,
    countries,
    number_types,
    require_reason,
    wrong_unknown_number,
)


def ported_skus(actor: Actor, code: str | None) -> list[Sku]:
    """The SKU with this code, or without one every entitlement SKU by code; `invalid-fields`."""
    skus = Sku.objects.visible_to(actor).filter(type=ENTITLEMENT).order_by("code")
    known = list(skus if code is None else skus.filter(code=code))
    if code is not None and not known:
        raise InvalidFields(sku="is not the code of a number type in your catalogue")
    return known


def require_acceptance(
    actor: Actor, *, accept_unknown: bool, reason: str | None, sku: str | None
) -> None:
    """Require what accepting unknown numbers needs: the group, a reason and a SKU.

    Problems: `forbidden`, `invalid-fields`.
    """
    if accept_unknown and actor.kind != GROUP:
        raise Problem(
            "forbidden",
            "Only the group can accept unknown numbers. Send a port request with `accept_unknown`.",
        )
    require_acceptable(accept_unknown=accept_unknown, reason=reason, sku=sku)


def require_acceptable(*, accept_unknown: bool, reason: str | None, sku: str | None) -> None:
    """Problem `invalid-fields` unless unknown numbers have a reason and a SKU."""
    require_reason(accept_unknown, reason)
    if accept_unknown and sku is None:
        raise InvalidFields(sku="is required with `accept_unknown`")


def help_with_unknown(actor: Actor) -> str:
    """What the actor, who ports directly, can do about an unknown number; see `fitting_skus`."""
    return ACCEPT_TO_PORT if actor.kind == GROUP else REQUEST_TO_PORT


def fitting_skus(
    numbers: Sequence[str],
    skus: Sequence[Sku],
    *,
    named: bool = False,
    unknown: bool = False,
    otherwise: str = "",
) -> list[list[UUID]]:
    """For each number the ids of the SKUs that fit, geographic before mobile, then by code.

    `named`: the caller named the only SKU. `unknown`: the provider says that the numbers are of it.
    Problem `invalid-fields`; it ends with `otherwise`, what the caller can do about an unknown
    number, where that helps.
    """
    fitting: list[list[UUID]] = []
    wrong: dict[str, str] = {}
    for index, e164 in enumerate(numbers):
        if unknown:
            found, why = [skus[0].id], wrong_unknown_number(e164, country=skus[0].country or "")
        else:
            found = _fitting(e164, skus)
            why = None if found else _no_sku(e164, skus[0].code if named else None)
            if why and otherwise and _is_acceptable(e164, skus):
                why = f"{why}; {otherwise}"
        fitting.append(found)
        if why is not None:
            wrong[f"numbers.{index}"] = why
    if wrong:
        raise InvalidFields(**wrong)
    return fitting


def _fitting(e164: str, skus: Sequence[Sku]) -> list[UUID]:
    its_countries = countries(e164)
    return [
        sku.id
        for type in number_types(e164)
        for sku in skus
        if sku.number_type == type and sku.country in its_countries
    ]


def _is_acceptable(e164: str, skus: Sequence[Sku]) -> bool:
    """Whether the provider's word would make it a number of one of the SKUs."""
    return any(wrong_unknown_number(e164, country=sku.country or "") is None for sku in skus)


def _no_sku(e164: str, code: str | None) -> str:
    """Why no SKU fits: the one with this code, or any."""
    types = " or ".join(number_types(e164))
    where = " or ".join(countries(e164))
    if not (types and where):
        return f"{e164} is not a valid phone number"
    if code is not None:
        return (
            f"{e164} is a {types} number of {where}, not of {code}; give a matching number type "
            "(`sku`), or none"
        )
    return f"{e164} is a {types} number of {where}, but no matching SKU exists"
