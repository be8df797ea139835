"""Admitting a call, or renewing its lease: one round trip to `calls.sql`, like an SQL proxy."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from fusion.access.actor import Actor
from fusion.access.db_function import call_function
from fusion.access.permissions import ADMIT_CALLS
from fusion.access.use_case import Answer, hot_use_case
from fusion.kernel.environment import setting

FUNCTION = "trunks_admit_v2"


@hot_use_case(ADMIT_CALLS)
def admit(
    actor: Actor,
    *,
    trunk_id: UUID,
    direction: str,
    call_id: str,
    caller: str | None,
    callee: str,
    replaces: str | None = None,
    malformed: Sequence[str] | None = None,
) -> Answer:
    """201 for an admitted call, 200 for a live call whose lease is renewed.

    `replaces` is the id of a live call whose channel the new one shares. With `malformed`, the
    names of malformed members, the call is refused unless it is an emergency call.

    Problems: `forbidden`, `not-found`, `invalid-fields`, `subscription-suspended`,
    `subscription-terminated`, `no-free-channel`, `too-many-calls`, `call-ended`. Emergency
    calls are always admitted.
    """
    call = admission(trunk_id, direction, call_id, caller=caller, callee=callee, replaces=replaces)
    if malformed is not None:
        call["malformed"] = malformed
    return call_function(actor, FUNCTION, **call)


def admission(
    trunk_id: UUID,
    direction: str,
    call_id: str,
    *,
    caller: str | None,
    callee: str,
    replaces: str | None = None,
) -> dict[str, Any]:
    """The call as the function takes it."""
    call = {
        "trunk_id": trunk_id,
        "direction": direction,
        "call_id": call_id,
        "caller": caller,
        "callee": callee,
        "lease_seconds": setting("FUSION_CALL_LEASE_SECONDS"),
    }
    return call if replaces is None else {**call, "replaces": replaces}
