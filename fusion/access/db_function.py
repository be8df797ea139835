"""Calling the database functions that decide and write hot changes: `<verb>_vN(p_group, p_calls)`.

`p_calls` is an array of calls, each an object with the caller's identity, the idempotency key and
the verb's own members; the function returns an answer for each.
"""

from typing import Any

import orjson

from fusion.access.actor import Actor
from fusion.access.audit import traced
from fusion.access.use_case import Answer
from fusion.kernel.database import fetch_rows
from fusion.kernel.errors import problem_of


def call_function(actor: Actor, function: str, **members: Any) -> Answer:
    """Call the function with one call, in autocommit and one round trip; raise its refusal.

    Status 0 is not an answer: the caller must retry, see `numbers_select_free`.
    """
    ((status, replayed, text),) = fetch_rows(
        f"SELECT status, replayed, answer FROM {function}(%s::uuid, %s::jsonb)",
        [actor.group_id, orjson.dumps([{**caller_args(actor), **members}]).decode()],
    )
    return _answer(status, replayed, text)


def caller_args(actor: Actor) -> dict[str, Any]:
    """The members of every call: who calls, in which request, and its idempotency key."""
    return {
        "actor": actor.label,
        "request": traced(actor),
        "path": actor.path,
        "key": actor.request.key,
        "fingerprint": actor.request.fingerprint.hex(),
    }


def _answer(status: int, replayed: bool, text: str | None) -> Answer:
    if status >= 400:
        raise problem_of(orjson.loads(text or "{}"))
    return Answer(status, text or "", replayed)
