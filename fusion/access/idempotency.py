"""Safe retries: the same key and the same request give the same answer and one effect.

A key belongs to the caller's organization: organizations above and below neither learn of it nor
are prevented from using the same key. Only successes are stored, in the transaction of their
effect, so a refused attempt does not use up the key. A second request with a key in use waits for
the first and then finds its answer.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

import orjson
from django.http import HttpRequest

from fusion.access.actor import Actor
from fusion.kernel.database import execute, fetch_row
from fusion.kernel.errors import InvalidFields, Problem, problem_of
from fusion.kernel.http import read_json

HEADER = "Idempotency-Key"


@dataclass(frozen=True, slots=True)
class Stored:
    """The stored answer of a previous request with this key."""

    status: int
    text: str


def read_key(request: HttpRequest) -> str | None:
    """The request's idempotency key; InvalidFields if it is malformed."""
    key = request.headers.get(HEADER)
    if key is not None:
        if "\n" in key:
            raise InvalidFields(**{HEADER: "appears more than once"})
        check_key(key, HEADER)
    return key


def check_key(key: str, field: str) -> None:
    """InvalidFields unless `key` has 1 to 255 printable ASCII characters."""
    if not 1 <= len(key) <= 255 or not all(" " <= character <= "~" for character in key):
        raise InvalidFields(**{field: "must be 1 to 255 printable ASCII characters"})


def fingerprint(method: str, path: str, body: Any) -> bytes:
    """SHA-256 of a request: method, path, and body independent of its formatting.

    Problem `invalid-json` for a body that can be parsed but is nested too deeply to be serialized.
    """
    try:
        canonical = orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        raise Problem("invalid-json", "The body is nested too deeply.") from None
    return hashlib.sha256(b"\n".join((method.encode(), path.encode(), canonical))).digest()


def fingerprint_of(request: HttpRequest) -> bytes:
    """The fingerprint of a request with a JSON body; no body counts as `{}`."""
    body = (read_json(request) or None) if request.body else None
    return fingerprint(request.method or "", request.path, body)


LOCK = (
    "SELECT access_lock("
    "%s::uuid, ARRAY[%s]::text[], '{}'::uuid[], ARRAY[%s]::text[], %s::text[], NULL::text)"
)
RECALL = (
    "SELECT status, replayed, answer FROM access_recall(%s::uuid, %s::text, %s::text, %s::bytea)"
)


def lock(actor: Actor, *names: str) -> None:
    """Lock the actor's key, if any, and names of their group until the transaction ends.

    One statement locks all, in the global lock order.
    """
    execute(LOCK, [actor.group_id, actor.path, actor.request.key, list(names)])


def recall(actor: Actor) -> Stored | None:
    """Lock the actor's key until the transaction ends; the stored answer, None for a first request.

    Problem `idempotency-key-reused` if the key was used with another request; `not-found` if the
    actor does not see an object that the request names.
    """
    request = actor.request
    lock(actor)
    # A new statement: it sees what the previous holder of the lock committed.
    row = fetch_row(RECALL, [actor.group_id, actor.path, request.key, request.fingerprint])
    if row is None:
        return None
    status, replayed, text = row
    request.check_again()
    if not replayed:
        raise problem_of(orjson.loads(text))
    return Stored(status, text)


def remember(actor: Actor, stored: Stored) -> None:
    """Store the answer under the actor's key, in the transaction of its effect."""
    request = actor.request
    answer = [actor.path, request.key, request.fingerprint, stored.status, stored.text]
    execute(
        "SELECT access_finish(%s::uuid, kernel_now(), '{}', '{}',"
        " ARRAY[ROW(%s, %s, %s, %s, %s)::access_answer])",
        [actor.group_id, *answer],
    )
