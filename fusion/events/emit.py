"""Writing an event: an operation, in the transaction of the change that it describes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from fusion.events.types import EVENT_TYPES
from fusion.kernel.database import execute

ALL = """
SELECT events_emit_all(%s::uuid, (
    SELECT array_agg(
        ROW(f.path, f.subscription_id, f.type, f.subject, %s, f.data::json)::events_fact
        ORDER BY f.nth)
    FROM unnest(%s::text[], %s::uuid[], %s::text[], %s::text[], %s::text[]) WITH ORDINALITY
         AS f(path, subscription_id, type, subject, data, nth)), %s::timestamptz)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One event of `emit_all`; the members are the arguments of `emit`."""

    type: str
    path: str
    subject: UUID
    data: Any
    subscription_id: UUID | None = None


def emit_all(facts: Sequence[Fact], *, group_id: UUID, actor: str, at: datetime) -> None:
    """Write events in their order, all at the instant `at`.

    Raises LookupError for a type that is not registered.
    """
    for fact in facts:
        _require_type(fact.type)
    if facts:
        columns = [
            [fact.path for fact in facts],
            [fact.subscription_id for fact in facts],
            [fact.type for fact in facts],
            [str(fact.subject) for fact in facts],
            [_document(fact.data) for fact in facts],
        ]
        execute(ALL, [group_id, actor, *columns, at])


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
    _require_type(type)
    execute(
        "SELECT events_emit_all(%s::uuid, ARRAY[ROW(%s, %s, %s, %s, %s, %s)::events_fact],"
        " coalesce(%s::timestamptz, kernel_now()))",
        [group_id, path, subscription_id, type, str(subject), actor, _document(data), at],
    )


def _require_type(type: str) -> None:
    if type not in EVENT_TYPES:
        raise LookupError(f"{type} is not in fusion/events/types.py.")


def _document(data: Any) -> str:
    return orjson.dumps(data, default=str).decode()
