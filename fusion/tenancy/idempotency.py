"""Safe retries: the same key and the same request give the same answer and one effect.

A key belongs to the caller's group. Only successes are stored, in the transaction of their
effect, so that a refused attempt burns no key. A second request with a key that is in use waits
for the first and then finds its answer.
"""

import hashlib
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from django.http import HttpRequest

from fusion.kernel.errors import InvalidFields, Problem
from fusion.kernel.http import read_json

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
    """The fingerprint of a request with a JSON body, or with none."""
    body = read_json(request) if request.body else None
    return fingerprint(request.method or "", request.path, body)


def recall(group: UUID, key: str, print_: bytes) -> Stored | None:
    """Lock the key until the transaction ends; the stored answer, or None for a first request.

    Problem `idempotency-key-reused` when the key stands for another request.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenancy_lock_names(%s::uuid, %s::text[])", [group, [f"key:{key}"]])
        # A new statement: it sees what the holder of the lock committed.
        cursor.execute(
            "SELECT fingerprint, status, answer FROM tenancy_idempotency"
            " WHERE group_id = %s AND key = %s",
            [group, key],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    if bytes(row[0]) != print_:
        raise Problem(
            "idempotency-key-reused",
            "This idempotency key was already used for another request. Send that request again, "
            "or take a new key.",
        )
    return Stored(row[1], row[2])


def remember(group: UUID, key: str, print_: bytes, stored: Stored) -> None:
    """Store the answer in the transaction of its effect."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO tenancy_idempotency (group_id, key, fingerprint, status, answer, at)"
            " VALUES (%s, %s, %s, %s, %s, kernel_now())",
            [group, key, print_, stored.status, stored.text],
        )
