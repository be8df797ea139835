"""The events of one object, found through its audit records."""

from typing import Any

from fusion.access.actor import Actor
from fusion.kernel.database import fetch_dicts

# Events have no index by object: it would burden every write of the hot path, for pages that few
# open. An audit record is written in the same transaction as its event.
EVENTS = """
SELECT DISTINCT e.at, e.id, e.type, e.actor
FROM tenancy_auditrecord a
JOIN events_event e ON e.at BETWEEN a.at - interval '10 seconds' AND a.at + interval '10 seconds'
WHERE a.object_id = %(id)s::text AND a.group_id = %(group)s::uuid
  AND e.subject = %(id)s::text AND e.group_id = %(group)s::uuid
  AND position(%(reader)s::text IN e.path) > 0
ORDER BY e.at, e.id
LIMIT 100
"""


def events_of(actor: Actor, object_id: object) -> list[dict[str, Any]]:
    """{id, type, actor, at} of an object's events, without those from before the actor saw it.

    The caller has checked that the object is visible.
    """
    reader = f"{actor.organization_id.hex}/"
    return fetch_dicts(EVENTS, {"id": str(object_id), "group": actor.group_id, "reader": reader})
