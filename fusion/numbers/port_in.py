"""Porting numbers in: from another operator, assigned to a subscription at once."""

from collections.abc import Sequence
from uuid import UUID

from fusion.access.actor import GROUP, Actor
from fusion.access.db_function import call_function
from fusion.access.use_case import Answer, hot_use_case
from fusion.numbers.fit import fitting_skus, help_with_unknown, ported_skus, require_acceptance
from fusion.numbers.porting import PORT
from fusion.numbers.resolve import resolve_numbers


@hot_use_case(PORT)
def port_in(
    actor: Actor,
    *,
    subscription_id: UUID,
    numbers: Sequence[str],
    sku: str | None = None,
    accept_unknown: bool = False,
    reason: str | None = None,
) -> Answer:
    """Port `numbers` in and assign them, all or none; 201 and `{items: [number], warnings}`.

    Each consumes one entitlement: of `sku` if given, else of the first SKU of its country and type
    that the subscription has an entitlement left for, geographic before mobile, then by code. With
    `accept_unknown` and a `reason`, the group's word makes them numbers of `sku`. The group is
    warned of its shorter and longer numbers.

    Problems: `forbidden`, `port-request-needed`, `not-found`, `invalid-fields` (not a valid
    number, or no SKU for it),
    `idempotency-key-reused`, `subscription-suspended`, `subscription-terminated`,
    `number-not-available`, `no-entitlement`.
    """
    require_acceptance(actor, accept_unknown=accept_unknown, reason=reason, sku=sku)
    numbers, fitting = resolve_to_port_in(
        actor,
        subscription_id,
        numbers,
        sku,
        unknown=accept_unknown,
        otherwise=help_with_unknown(actor),
    )
    return call_function(
        actor,
        "numbers_port_in_v2",
        subscription_id=subscription_id,
        numbers=numbers,
        fitting=fitting,
        accept_unknown=accept_unknown,
        reason=reason,
        warn=actor.kind == GROUP,
    )


def resolve_to_port_in(
    actor: Actor,
    subscription_id: UUID,
    numbers: Sequence[str],
    sku: str | None,
    *,
    unknown: bool = False,
    otherwise: str = "",
) -> tuple[list[str], list[list[UUID]]]:
    """The numbers in E.164, and the ids of the SKUs that fit each; InvalidFields if none does.

    `otherwise`: see `fitting_skus`.
    """
    skus = ported_skus(actor, sku)
    country = skus[0].country if sku is not None else None
    numbers = resolve_numbers(actor, numbers, subscription_id=subscription_id, country=country)
    return numbers, fitting_skus(
        numbers, skus, named=sku is not None, unknown=unknown, otherwise=otherwise
    )
