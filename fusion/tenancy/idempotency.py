"""Safe retries: the same key and the same request give the same answer and one effect.

A key belongs to the caller's organization: no other one, above it or below, learns of it or is
kept from using it too. Only successes are stored, in the transaction of their
effect, so that a refused attempt burns no key. A second request with a key that is in use waits
for the first and then finds its answer.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import connection
from django.http import HttpRequest

from fusion.kernel.errors import InvalidFields, Problem
from fusion.kernel.http import read_json
from fusion.tenancy.actor import Actor

HEADER = "Idempotency-Key"


@dataclass(frozen=True, slots=True)
class Stored:
    """The answer that a former request with this key was given."""

    status: int
    text: str


def read_key(request: HttpRequest) -> str | None:
    """The request's idempotency key; InvalidFields when it is malformed."""
    key = request.headers.get(HEADER)
    if key is not None:
        check_key(key, HEADER)
    return key


def check_key(key: str, field: str) -> None:
    """InvalidFields unless `key` has 1 to 255 printable ASCII characters."""
    if not 1 <= len(key) <= 255 or not all(" " <= character <= "~" for character in key):
        raise InvalidFields(**{field: "must be 1 to 255 printable ASCII characters"})


def fingerprint(method: str, path: str, body: Any) -> bytes:
    """SHA-256 of what a request asks: method, path, and body whatever its spelling.

    Problem `invalid-json` for a body that is read, but too deep to be written again.
    """
    try:
        canonical = orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        raise Problem("invalid-json", "The body is nested too deeply.") from None
    return hashlib.sha256(b"\n".join((method.encode(), path.encode(), canonical))).digest()


def fingerprint_of(request: HttpRequest) -> bytes:
    """The fingerprint of a request with a JSON body, or with none, which `{}` says as well."""
    body = (read_json(request) or None) if request.body else None
    return fingerprint(request.method or "", request.path, body)


def lock(actor: Actor, name: str) -> None:
    """Lock the actor's key, if any, and a name of their group until the transaction ends.

    Both in one statement, which takes them in the order that everybody takes them in.
    """
    names = [name] if actor.request.key is None else [f"key:{actor.request.key}", name]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tenancy_lock_names(%s::uuid, %s::uuid, %s::text[])",
            [actor.group_id, actor.organization_id, names],
        )


def recall(actor: Actor) -> Stored | None:
    """Lock the actor's key until the transaction ends; the stored answer, None for a first request.

    Problem `idempotency-key-reused` when the key stands for another request; `not-found` when the
    actor does not see what the request names.
    """
    request = actor.request
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tenancy_lock_names(%s::uuid, %s::uuid, %s::text[])",
            [actor.group_id, actor.organization_id, [f"key:{request.key}"]],
        )
        # A new statement: it sees what the holder of the lock committed.
        cursor.execute(
            "SELECT same, status, answer"
            " FROM tenancy_stored_answer(%s::uuid, %s::uuid, %s::text, %s::bytea)",
            [actor.group_id, actor.organization_id, request.key, request.fingerprint],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    same, status, text = row
    request.look_again()
    if not same:
        raise Problem(
            "idempotency-key-reused",
            "This idempotency key was already used for another request. Send that request again, "
            "or take a new key.",
        )
    return Stored(status, text)


def remember(actor: Actor, stored: Stored) -> None:
    """Store the answer under the actor's key, in the transaction of its effect."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO tenancy_idempotency"
            " (group_id, organization_id, key, fingerprint, status, answer, at)"
            " VALUES (%s, %s, %s, %s, %s, %s, kernel_now())",
            [
                actor.group_id,
                actor.organization_id,
                actor.request.key,
                actor.request.fingerprint,
                stored.status,
                stored.text,
            ],
        )
