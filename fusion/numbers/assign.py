"""Assigning and reserving numbers: one round trip to `assign.sql`, which decides and writes."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.db_function import call_function
from fusion.access.permissions import PROVISION
from fusion.access.use_case import Answer, hot_use_case
from fusion.kernel.clock import now
from fusion.kernel.errors import InvalidFields, Problem
from fusion.numbers.resolve import resolve_numbers
from fusion.numbers.rules import MAX_RESERVATION_DAYS

FUNCTION = "numbers_assign_v2"

ASSIGNED, RESERVED = "assigned", "reserved"

ATTEMPTS = 50
"""How often to retry while others hold numbers; each retry means that another made progress."""


@hot_use_case(PROVISION)
def assign_numbers(
    actor: Actor,
    *,
    subscription_id: UUID,
    numbers: Sequence[str] | None = None,
    sku: str | None = None,
    quantity: int | None = None,
    contiguous: bool = False,
    status: str = ASSIGNED,
    until: datetime | None = None,
) -> Answer:
    """Assign `numbers`, or the next `quantity` free ones of `sku`, to a subscription; all or none.

    `until` is when a reservation expires. Returns 201 and `{items: [number]}`.

    Problems: `forbidden`, `not-found`, `invalid-fields`, `idempotency-key-reused`,
    `subscription-suspended`, `subscription-terminated`, `no-entitlement`, `no-free-number`,
    `number-not-available`.
    """
    _check_until(status, until)
    if numbers is not None:
        numbers = resolve_numbers(actor, numbers, subscription_id=subscription_id)
    members = {
        "subscription_id": subscription_id,
        "numbers": numbers,
        "sku": sku,
        "quantity": quantity,
        "contiguous": contiguous,
        "status": status,
        "until": until,
    }
    for attempt in range(ATTEMPTS):
        answer = call_function(actor, FUNCTION, **members, patient=attempt > 0)
        if answer.status:
            return answer
    raise Problem(
        "no-free-number",
        f"Other requests kept taking the free numbers of {sku}, so {quantity} could not be "
        "assigned. Send the request again.",
    )


def _check_until(status: str, until: datetime | None) -> None:
    """`assign.sql` checks that `until` is in the future: it replays a stored answer first."""
    if status == RESERVED and until is None:
        raise InvalidFields(until="is required for a reservation")
    if status != RESERVED and until is not None:
        raise InvalidFields(until="is allowed only for a reservation")
    if until is not None and until > now() + timedelta(days=MAX_RESERVATION_DAYS):
        raise InvalidFields(until=f"must be at most {MAX_RESERVATION_DAYS} days ahead")
