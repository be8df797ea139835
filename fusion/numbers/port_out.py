"""Porting a number out: it goes to another operator and leaves the inventory."""

from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.db_function import call_function
from fusion.access.permissions import PROVISION
from fusion.access.use_case import Answer, hot_use_case


@hot_use_case(PROVISION)
def port_out(actor: Actor, *, subscription_id: UUID, e164: str) -> Answer:
    """Port an assigned number out and free its entitlement; 204.

    Problems: `forbidden`, `not-found`, `idempotency-key-reused`, `number-not-assigned`,
    `number-in-use`.
    """
    return call_function(actor, "numbers_port_out_v2", subscription_id=subscription_id, e164=e164)
