"""The one way in which this room's verbs reach the database functions that decide them."""

from collections.abc import Sequence
from typing import Any

import orjson
from django.db import connection

from fusion.kernel.errors import problem_of
from fusion.tenancy.actor import Actor
from fusion.tenancy.use_case import Answer

Parameter = tuple[str, Any]
"""The PostgreSQL type and the value."""


def call(function: str, *parameters: Parameter) -> Answer:
    """What the function answers, in autocommit and one round trip; its refusal is raised.

    A status of 0 is no answer yet: see `numbers_pick`.
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
    """Who asks: what every function of this room begins with."""
    return (
        ("uuid", actor.group_id),
        ("text", actor.path),
        ("text", actor.label),
        ("text", actor.request.id),
    )


def with_key(actor: Actor) -> Sequence[Parameter]:
    """Who asks, and the idempotency key of a request that may come again."""
    return (
        *asked_by(actor),
        ("text", actor.request.key),
        ("bytea", actor.request.fingerprint),
    )
