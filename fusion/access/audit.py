"""The audit trail: an operation that records who did what, in the transaction of the change."""

from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from fusion.access.actor import Actor
from fusion.access.verbs import require_verb
from fusion.kernel.client_address import ADDRESS
from fusion.kernel.database import execute


def traced(actor: Actor) -> str:
    """The id of the actor's request and the client's address, as `traced_by` puts them."""
    return traced_by(actor.request.id)


def traced_by(request_id: str) -> str:
    """The request's id and, after a space, the client's address if it is known.

    Database functions that write audit records take this text. Servers of the previous release
    pass only the id; ids contain no spaces.
    """
    return f"{request_id} {ADDRESS.get()[:45]}".rstrip()


def record(
    actor: Actor,
    *,
    verb: str,
    object_type: str,
    object_id: object,
    path: str,
    detail: Any,
    subscription_id: UUID | None = None,
    at: datetime | None = None,
) -> None:
    """Write one audit record.

    `path` is the path of the organization that owns the object, `subscription_id` its subscription.
    `at` is the instant of the change, by default now.
    Raises LookupError for a verb that is not registered.
    """
    require_verb(verb)
    execute(
        "SELECT access_finish(%s::uuid, coalesce(%s::timestamptz, kernel_now()), '{}',"
        " ARRAY[ROW(%s, %s, %s, %s, %s, %s, %s, %s)::access_record], '{}')",
        [
            actor.group_id,
            at,
            path,
            subscription_id,
            actor.label,
            traced(actor),
            verb,
            object_type,
            str(object_id),
            orjson.dumps(detail, default=str).decode(),
        ],
    )
