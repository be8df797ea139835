"""Writing an event: an operation, in the transaction of the change that it describes."""

from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from fusion.events.types import EVENT_TYPES
from fusion.kernel.database import execute


def emit(
    *,
    type: str,
    group_id: UUID,
    path: str,
    subject: object,
    actor: str,
    data: Any,
    subscription_id: UUID | None = None,
    at: datetime | None = None,
) -> None:
    """Write one event, which happened at the instant `at`, by default now.

    `path` is the path of the organization it concerns: it and those above may read the event.
    `data` is the object as the API shows it. Raises LookupError for a type that is not registered.
    """
    if type not in EVENT_TYPES:
        raise LookupError(f"{type} is not in fusion/events/types.py.")
    document = orjson.dumps(data, default=str).decode()
    execute(
        "SELECT events_emit_all(%s::uuid, ARRAY[ROW(%s, %s, %s, %s, %s, %s)::events_fact],"
        " coalesce(%s::timestamptz, kernel_now()))",
        [group_id, path, subscription_id, type, str(subject), actor, document, at],
    )
