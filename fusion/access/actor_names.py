"""Names behind the labels of records: `member:<id>`, `client:<id>`."""

from collections.abc import Iterable

from fusion.access.actor import Actor
from fusion.access.visibility import subtree
from fusion.kernel.database import fetch_rows
from fusion.kernel.ids import parse_id

NAMES = """
SELECT 'member:' || m.id, coalesce(m.name, u.email)
FROM tenancy_member m
JOIN tenancy_user u ON u.id = m.user_id
JOIN tenancy_organization o ON o.id = m.organization_id
WHERE m.id = ANY (%(members)s::uuid[])
  AND o.path >= %(first)s::text COLLATE "C" AND o.path < %(after)s::text COLLATE "C"
UNION ALL
SELECT 'client:' || c.id, c.name
FROM tenancy_apiclient c JOIN tenancy_organization o ON o.id = c.organization_id
WHERE c.id = ANY (%(clients)s::uuid[])
  AND o.path >= %(first)s::text COLLATE "C" AND o.path < %(after)s::text COLLATE "C"
"""


def actor_names(actor: Actor, labels: Iterable[str | None]) -> dict[str, str]:
    """Label → name, for the existing members and clients that `actor` sees."""
    parted = {label.partition(":")[::2] for label in labels if label}
    members = [parse_id(value) for kind, value in parted if kind == "member"]
    clients = [parse_id(value) for kind, value in parted if kind == "client"]
    if not members and not clients:
        return {}
    first, after = subtree(actor.path)
    parameters = {"members": members, "clients": clients, "first": first, "after": after}
    return dict(fetch_rows(NAMES, parameters))
