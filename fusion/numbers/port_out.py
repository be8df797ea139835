"""Porting a number out: it goes to another operator at once. See `port.sql`."""

from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.db_function import call_function
from fusion.access.use_case import Answer, hot_use_case
from fusion.numbers.porting import PORT


@hot_use_case(PORT)
def port_out(actor: Actor, *, subscription_id: UUID, e164: str) -> Answer:
    """Port an assigned number out and free its entitlement; 204.

    A number of the group's ranges stays known as ported out, and may return; one that was ported in
    leaves the inventory.

    Problems: `forbidden`, `port-request-needed`, `not-found`, `idempotency-key-reused`,
    `number-not-assigned`, `number-in-use`, `conflict` (it is to be ported out on a date).
    """
    return call_function(actor, "numbers_port_out_v2", subscription_id=subscription_id, e164=e164)
