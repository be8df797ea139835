"""Ending a call: idempotent, even before the admission."""

from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.db_function import call_function
from fusion.access.permissions import ADMIT_CALLS
from fusion.access.use_case import Answer, hot_use_case

FUNCTION = "trunks_end_call_v2"


@hot_use_case(ADMIT_CALLS)
def end_call(actor: Actor, *, trunk_id: UUID, direction: str, call_id: str) -> Answer:
    """204, whether or not there was such a call. Problems: `forbidden`, `not-found` (the trunk)."""
    return call_function(actor, FUNCTION, trunk_id=trunk_id, direction=direction, call_id=call_id)
