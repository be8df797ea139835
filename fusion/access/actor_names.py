"""Names behind the labels of records: `member:<id>`, `client:<id>`."""

from collections.abc import Iterable
from dataclasses import dataclass

from fusion.access.actor import Actor
from fusion.access.visibility import subtree
from fusion.kernel.database import fetch_rows
from fusion.kernel.ids import parse_id

# The record of the removal says to which organization a former member or client belonged.
ACTORS = """
WITH actor (label, organization_id, name) AS (
    SELECT 'member:' || m.id, m.organization_id, coalesce(m.name, u.email)
    FROM tenancy_member m JOIN tenancy_user u ON u.id = m.user_id
    WHERE m.id = ANY (%(ids)s::uuid[])
    UNION ALL
    SELECT 'client:' || c.id, c.organization_id, c.name
    FROM tenancy_apiclient c WHERE c.id = ANY (%(ids)s::uuid[])
    UNION ALL
    SELECT a.object_type || ':' || a.object_id, left(right(a.path, 33), 32)::uuid, NULL
    FROM tenancy_auditrecord a
    WHERE a.object_id = ANY (%(ids)s::text[]) AND a.group_id = %(group)s::uuid
      AND a.verb IN ('member.remove', 'member.leave', 'client.revoke')
)
SELECT a.label, a.name, o.kind,
       o.path >= %(first)s::text COLLATE "C" AND o.path < %(after)s::text COLLATE "C"
FROM actor a JOIN tenancy_organization o ON o.id = a.organization_id
WHERE o.group_id = %(group)s::uuid
"""


@dataclass(frozen=True, slots=True)
class Known:
    """An actor as a reader sees it: with its `name`, which is None for a former one.

    If its organization is outside the reader's subtree, only with the kind of that (`outside`).
    """

    name: str | None
    outside: str | None


def known_actors(actor: Actor, labels: Iterable[str | None]) -> dict[str, Known]:
    """Label → what `actor` sees, for the members and clients of the group, also former ones.

    The tree of now decides, as it does for everything that has a name.
    """
    ids = {
        id
        for kind, _, text in (label.partition(":") for label in labels if label)
        if kind in ("member", "client") and (id := parse_id(text)) is not None
    }
    if not ids:
        return {}
    first, after = subtree(actor.path)
    parameters = {
        "ids": [str(id) for id in ids],
        "group": actor.group_id,
        "first": first,
        "after": after,
    }
    return {
        label: Known(name if seen else None, None if seen else kind)
        for label, name, kind, seen in fetch_rows(ACTORS, parameters)
    }


def actor_names(actor: Actor, labels: Iterable[str | None]) -> dict[str, str]:
    """Label → name, for the existing members and clients that `actor` sees."""
    known = known_actors(actor, labels)
    return {label: each.name for label, each in known.items() if each.name is not None}
