"""Porting a number out: it goes to another operator and leaves the inventory."""

from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.permissions import PROVISION
from fusion.access.use_case import Answer
from fusion.numbers.call import call, with_key


def port_out(actor: Actor, *, subscription_id: UUID, e164: str) -> Answer:
    """Port an assigned number out and free its entitlement; 204.

    Problems: `forbidden`, `not-found`, `idempotency-key-reused`, `number-not-assigned`,
    `number-in-use`.
    """
    PROVISION.require_role(actor)
    return call("numbers_port_out", *with_key(actor), ("uuid", subscription_id), ("text", e164))
