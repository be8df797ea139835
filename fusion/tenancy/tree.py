"""The customer tree as people browse it: the organizations below and above one."""

from typing import Any
from uuid import UUID

from django.db import connection

from fusion.access.actor import Actor
from fusion.kernel.errors import InvalidFields
from fusion.kernel.ids import parse_id
from fusion.kernel.pagination import decode_cursor, encode_cursor, page
from fusion.tenancy.models import Organization

MANY = 100
"""Subscriptions are counted up to this limit."""

# Deleted organizations keep their rows. ORDER BY makes the check for children use an index: the
# planner assumes many children for every organization, and would read the whole table to find one.
CHILDREN = """
SELECT o.id, o.kind, o.name, o.external_reference, lower(o.name),
       (SELECT true FROM tenancy_organization c
        WHERE c.parent_id = o.id AND c.status = 'active' ORDER BY c.path LIMIT 1) IS NOT NULL,
       CASE WHEN o.kind = 'tenant' THEN (
           SELECT count(*) FROM (
               SELECT FROM tenancy_subscription s
               WHERE s.tenant_id = o.id AND s.status <> 'terminated' LIMIT %(many)s::int) x) END
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
    name, id_text = decode_cursor(cursor, 2) if cursor else ("", str(NIL))
    id = parse_id(id_text)
    if id is None:
        raise InvalidFields(
            cursor="Invalid cursor: pass the `next` value of a previous page of this list."
        )
    with connection.cursor() as sql:
        sql.execute(
            CHILDREN,
            {"parent": parent_id, "name": name, "id": id, "many": MANY, "limit": limit + 1},
        )
        rows, more = page(sql.fetchall(), limit)
    names = ("id", "kind", "name", "external_reference", "lowered", "has_children", "subscriptions")
    return {
        "items": [dict(zip(names, row, strict=True)) for row in rows],
        "next": encode_cursor(rows[-1][4], rows[-1][0]) if more else None,
    }


def list_above(actor: Actor, path: str) -> list[Organization]:
    """The organizations above `path` that `actor` sees, from the top down."""
    ids = [UUID(part) for part in path.strip("/").split("/")[:-1]]
    rows = Organization.objects.visible_to(actor).filter(id__in=ids)
    return sorted(rows, key=lambda each: len(each.path))
