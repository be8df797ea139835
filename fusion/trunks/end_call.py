"""Ending a call: idempotent, even before the admission."""

from uuid import UUID

from django.db import connection

from fusion.access.actor import Actor
from fusion.access.permissions import ADMIT_CALLS
from fusion.access.use_case import Answer
from fusion.kernel.errors import not_found

END = "SELECT calls.end_call(%s::uuid, %s::text, %s::text, %s::text)"


def end_call(actor: Actor, *, trunk_id: UUID, direction: str, call_id: str) -> Answer:
    """204, whether or not there was such a call. Problems: `forbidden`, `not-found` (the trunk)."""
    ADMIT_CALLS.require_role(actor)
    with connection.cursor() as cursor:
        cursor.execute(END, [trunk_id, direction, call_id, actor.path])
        (ended,) = cursor.fetchone()
    return answer_of_end(known=ended is not None)


def answer_of_end(*, known: bool) -> Answer:
    """204 if the trunk is known; Problem `not-found` otherwise."""
    if not known:
        raise not_found("trunk")
    return Answer(204, "")
