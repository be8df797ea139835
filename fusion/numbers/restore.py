"""Restoring numbers from their quarantine to the subscription that had them."""

from collections.abc import Sequence
from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.audit import traced
from fusion.access.db_function import call_function
from fusion.access.permissions import PROVISION
from fusion.access.use_case import Answer, hot_use_case
from fusion.kernel.database import fetch_value
from fusion.tenancy.models import Subscription


@hot_use_case(PROVISION)
def restore_number(actor: Actor, *, subscription_id: UUID, e164: str) -> Answer:
    """Assign a quarantined number again, consuming an entitlement; 200 and the number.

    Problems: `forbidden`, `not-found`, `idempotency-key-reused`, `subscription-suspended`,
    `subscription-terminated`, `number-not-available`, `no-entitlement`.
    """
    return call_function(actor, "numbers_restore_v2", subscription_id=subscription_id, e164=e164)


def restore_numbers(actor: Actor, subscription: Subscription, numbers: Sequence[str]) -> int:
    """Assign those of the numbers that are in quarantine from this subscription; returns how many.

    An operation: the caller undoes a termination, holds the subscription's lock, and has granted
    the entitlements again.
    """
    count = fetch_value(
        "SELECT numbers_restore_all(%s::uuid, %s::text[], %s::text, %s::text)",
        [subscription.id, list(numbers), actor.label, traced(actor)],
    )
    return int(count)
