"""The audit trail: an operation that writes who did what, in the transaction of the deed."""

from typing import Any

import orjson
from django.db import connection

from fusion.tenancy.actor import Actor


def record(
    actor: Actor, *, verb: str, object_type: str, object_id: object, path: str, detail: Any
) -> None:
    """Write one audit record; `path` is that of the organization whose object it was."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO tenancy_auditrecord"
            " (at, group_id, path, actor, request_id, verb, object_type, object_id, detail)"
            " VALUES (clock_timestamp(), %s, %s, %s, %s, %s, %s, %s, %s::json)",
            [
                actor.group_id,
                path,
                actor.label,
                actor.request.id,
                verb,
                object_type,
                str(object_id),
                orjson.dumps(detail, default=str).decode(),
            ],
        )
