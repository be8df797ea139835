"""Restoring a number from its quarantine to the subscription that had it."""

from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.db_function import call_function
from fusion.access.permissions import PROVISION
from fusion.access.use_case import Answer, hot_use_case


@hot_use_case(PROVISION)
def restore_number(actor: Actor, *, subscription_id: UUID, e164: str) -> Answer:
    """Assign a quarantined number again, consuming an entitlement; 200 and the number.

    Problems: `forbidden`, `not-found`, `idempotency-key-reused`, `subscription-suspended`,
    `subscription-terminated`, `number-not-available`, `no-entitlement`.
    """
    return call_function(actor, "numbers_restore_v2", subscription_id=subscription_id, e164=e164)
