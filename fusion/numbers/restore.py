"""Restoring a number from its quarantine to the subscription that had it."""

from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.permissions import PROVISION
from fusion.access.use_case import Answer
from fusion.numbers.call import call, with_key


def restore_number(actor: Actor, *, subscription_id: UUID, e164: str) -> Answer:
    """Assign a quarantined number again, consuming an entitlement; 200 and the number.

    Problems: `forbidden`, `not-found`, `idempotency-key-reused`, `subscription-suspended`,
    `subscription-terminated`, `number-not-available`, `no-entitlement`.
    """
    PROVISION.require_role(actor)
    return call("numbers_restore", *with_key(actor), ("uuid", subscription_id), ("text", e164))
