"""Call the database functions that decide and write this room's changes."""

from collections.abc import Sequence
from typing import Any

import orjson
from django.db import connection

from fusion.access.actor import Actor
from fusion.access.audit import traced
from fusion.access.use_case import Answer
from fusion.kernel.errors import problem_of

Parameter = tuple[str, Any]
"""A PostgreSQL type and a value of it."""


def call(function: str, *parameters: Parameter) -> Answer:
    """Call the function in autocommit, in one round trip, and return its answer; raise its refusal.

    Status 0 is not an answer: the caller must retry, see `numbers_pick`.
    """
    places = ", ".join(f"%s::{type}" for type, _ in parameters)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT status, replayed, answer FROM {function}({places})",
            [value for _, value in parameters],
        )
        status, replayed, text = cursor.fetchone()
    if status >= 400:
        raise problem_of(orjson.loads(text))
    return Answer(status, text or "", replayed)


def asked_by(actor: Actor) -> Sequence[Parameter]:
    """The caller's identity: the first arguments of every function of this room."""
    return (
        ("uuid", actor.group_id),
        ("text", actor.path),
        ("text", actor.label),
        ("text", traced(actor)),
    )


def with_key(actor: Actor) -> Sequence[Parameter]:
    """The caller's identity and the idempotency key, for requests that may be retried."""
    return (
        *asked_by(actor),
        ("text", actor.request.key),
        ("bytea", actor.request.fingerprint),
    )
