"""Admitting a call, or renewing its lease: one round trip to `calls.sql`, like an SQL proxy."""

from uuid import UUID

import orjson
from django.db import connection

from fusion.access.actor import Actor
from fusion.access.permissions import ADMIT_CALLS
from fusion.access.use_case import Answer
from fusion.kernel.environment import setting
from fusion.kernel.errors import problem_of

ADMIT = (
    "SELECT status, answer::text FROM calls.admit(%s::uuid, %s::text, %s::text, %s::text, %s::text,"
    " make_interval(secs => %s::int), %s::text)"
)


def admit(
    actor: Actor, *, trunk_id: UUID, direction: str, call_id: str, caller: str, callee: str
) -> Answer:
    """201 for an admitted call, 200 for a live call whose lease is renewed.

    Problems: `forbidden`, `not-found`, `invalid-fields`, `subscription-suspended`,
    `subscription-terminated`, `no-free-channel`, `call-ended`. Emergency calls are always admitted.
    """
    ADMIT_CALLS.require_role(actor)
    lease = setting("FUSION_CALL_LEASE_SECONDS")
    with connection.cursor() as cursor:
        cursor.execute(ADMIT, [trunk_id, direction, call_id, caller, callee, lease, actor.path])
        status, answer = cursor.fetchone()
    if status >= 400:
        raise problem_of(orjson.loads(answer))
    return Answer(status, answer)
