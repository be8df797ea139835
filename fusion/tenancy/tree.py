"""The customer tree as people browse it: the organizations below and above one."""

from typing import Any
from uuid import UUID

from fusion.access.actor import Actor
from fusion.kernel.database import fetch_dicts
from fusion.kernel.ids import read_id
from fusion.kernel.pagination import decode_cursor, encode_cursor, page
from fusion.tenancy.models import Organization

MANY = 100
"""Subscriptions are counted up to this limit."""

# Deleted organizations keep their rows. ORDER BY makes the check for children use an index: the
# planner assumes many children for every organization, and would read the whole table to find one.
CHILDREN = """
SELECT o.id, o.kind, o.name, o.external_reference, lower(o.name) AS lowered,
       (SELECT true FROM tenancy_organization c
        WHERE c.parent_id = o.id AND c.status = 'active'
        ORDER BY c.path LIMIT 1) IS NOT NULL AS has_children,
       CASE WHEN o.kind = 'tenant' THEN (
           SELECT count(*) FROM (
               SELECT FROM tenancy_subscription s
               WHERE s.tenant_id = o.id AND s.status <> 'terminated' LIMIT %(many)s::int) x)
       END AS subscriptions
FROM tenancy_organization o
WHERE o.parent_id = %(parent)s::uuid AND o.status = 'active'
  AND (lower(o.name), o.id) > (%(name)s::text, %(id)s::uuid)
ORDER BY lower(o.name), o.id
LIMIT %(limit)s::int
"""

NIL = UUID(int=0)


def list_children(parent_id: UUID, *, limit: int, cursor: str | None = None) -> dict[str, Any]:
    """One page of the direct children of an organization that the caller sees, by name.

    Each with `has_children` and, for a customer, `subscriptions`: the number of live ones, at most
    `MANY`.
    """
    name, id = decode_cursor(cursor, str, read_id) if cursor else ("", NIL)
    parameters = {"parent": parent_id, "name": name, "id": id, "many": MANY, "limit": limit + 1}
    rows, more = page(fetch_dicts(CHILDREN, parameters), limit)
    return {
        "items": rows,
        "next": encode_cursor(rows[-1]["lowered"], rows[-1]["id"]) if more else None,
    }


def list_above(actor: Actor, path: str) -> list[Organization]:
    """The organizations above `path` that `actor` sees, from the top down."""
    ids = [UUID(part) for part in path.strip("/").split("/")[:-1]]
    rows = Organization.objects.visible_to(actor).filter(id__in=ids)
    return sorted(rows, key=lambda each: len(each.path))
