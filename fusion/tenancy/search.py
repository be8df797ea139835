"""Search of customers and subscriptions as the user types, however many there are.

Words match by their beginnings, in any order, in names and billing references, ignoring case. An
index of PostgreSQL's full-text search serves it (`tenancy/migrations/0004_search.py`).
"""

import re
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models.expressions import RawSQL

from fusion.access.actor import GROUP, Actor
from fusion.access.visibility import subtree
from fusion.kernel.pagination import decode_cursor, encode_cursor, page

MIN_LETTERS = 2
"""Shorter words match nothing: they would match nearly everything."""

MAX_WORDS = 8
MAX_LETTERS = 200

WORD = re.compile(r"[^\W_]+")

ENOUGH = 500
"""Most matches that are sorted by name; with more, the user has to type on."""


def query_of(text: str) -> str | None:
    """`text` as `to_tsquery` takes it; None if it is too short to match anything.

    Also None if it is too long: a name has up to 200 letters.
    """
    words = WORD.findall(text)[:MAX_WORDS]
    if not MIN_LETTERS <= sum(len(word) for word in words) <= MAX_LETTERS:
        return None
    return " & ".join(f"'{word}':*" for word in words)


NAMED = re.compile(r"%\(\w+\)s")


def _within(actor: Actor) -> tuple[dict[str, str], dict[str, Any]]:
    """Conditions that limit a statement to what `actor` sees, by alias of its tables, and their
    parameters.

    A whole group is filtered by its id: with the index of paths PostgreSQL would read all of the
    group, only to leave out the matches of other groups.
    """
    values: dict[str, Any]
    if actor.kind == GROUP:
        condition, values = "{0}.group_id = %(group)s::uuid", {"group": actor.group_id}
    else:
        condition = (
            '{0}.path >= %(first)s::text COLLATE "C" AND {0}.path < %(after)s::text COLLATE "C"'
        )
        values = dict(zip(("first", "after"), subtree(actor.path), strict=True))
    return {alias: condition.format(alias) for alias in "sto"}, values


SUBSCRIPTIONS = """
WITH search AS MATERIALIZED (SELECT to_tsquery('simple', %(query)s::text) AS query),
matching AS (
    (SELECT s.id FROM tenancy_subscription s
     WHERE tenancy_words(s.name, s.external_reference) @@ (SELECT query FROM search)
       AND {s}
       AND s.status <> 'terminated'
     LIMIT %(enough)s::int)
    UNION
    (SELECT s.id FROM tenancy_organization t JOIN tenancy_subscription s ON s.tenant_id = t.id
     WHERE tenancy_words(t.name, t.external_reference) @@ (SELECT query FROM search)
       AND {t}
       AND t.kind = 'tenant' AND s.status <> 'terminated'
     LIMIT %(enough)s::int)
)
SELECT s.id, s.name, s.external_reference, s.status, t.id, t.name
FROM matching m
JOIN tenancy_subscription s ON s.id = m.id
JOIN tenancy_organization t ON t.id = s.tenant_id
ORDER BY t.name, s.name, s.id
LIMIT %(limit)s::int
"""


def find_subscriptions(actor: Actor, text: str, *, limit: int) -> list[dict[str, Any]]:
    """Up to `limit` visible subscriptions that are not terminated.

    Matches their own name or reference, or their customer's.
    """
    query = query_of(text)
    if query is None:
        return []
    within, values = _within(actor)
    with connection.cursor() as cursor:
        cursor.execute(
            SUBSCRIPTIONS.format(**within),
            {**values, "query": query, "limit": limit, "enough": ENOUGH},
        )
        rows = cursor.fetchall()
    names = ("id", "name", "external_reference", "status", "tenant_id", "tenant_name")
    return [dict(zip(names, row, strict=True)) for row in rows]


OF_SUBSCRIPTIONS = """
SELECT s.id FROM tenancy_subscription s
WHERE tenancy_words(s.name, s.external_reference) @@ to_tsquery('simple', %s::text)
  AND {s}
UNION ALL
SELECT s.id FROM tenancy_organization t JOIN tenancy_subscription s ON s.tenant_id = t.id
WHERE tenancy_words(t.name, t.external_reference) @@ to_tsquery('simple', %s::text)
  AND {t} AND t.kind = 'tenant'
"""


def ids_of_subscriptions(actor: Actor, text: str) -> RawSQL | None:
    """All subscriptions that match `text`, terminated ones included, as a filter of another query.

    None if `text` is too short.
    """
    query = query_of(text)
    if query is None:
        return None
    within, values = _within(actor)
    statement = NAMED.sub("%s", OF_SUBSCRIPTIONS.format(**within))
    parameters = [query, *values.values()]
    return RawSQL(statement, [*parameters, *parameters])  # noqa: S611 - nothing typed stands in it


ORGANIZATIONS = """
SELECT o.id, o.kind, o.name, o.external_reference, o.path
FROM tenancy_organization o
WHERE tenancy_words(o.name, o.external_reference) @@ to_tsquery('simple', %(query)s::text)
  AND {o}
  AND o.path > %(cursor)s::text COLLATE "C" AND o.status = 'active'
  AND (%(kinds)s::text[] IS NULL OR o.kind = ANY (%(kinds)s::text[]))
ORDER BY o.path
LIMIT %(limit)s::int
"""


def find_organizations(
    actor: Actor,
    text: str,
    *,
    limit: int,
    cursor: str | None = None,
    kinds: tuple[str, ...] | None = None,
) -> dict[str, Any]:
    """One page of the organizations that `actor` sees, in the order of the tree: {items, next}.

    Each item has `id`, `kind`, `name`, `external_reference` and `path`.
    """
    query = query_of(text)
    if query is None:
        return {"items": [], "next": None}
    within, values = _within(actor)
    with connection.cursor() as sql:
        sql.execute(
            ORGANIZATIONS.format(**within),
            {
                **values,
                "query": query,
                "cursor": decode_cursor(cursor, 1)[0] if cursor else "",
                "kinds": list(kinds) if kinds else None,
                "limit": limit + 1,
            },
        )
        rows, more = page(sql.fetchall(), limit)
    names = ("id", "kind", "name", "external_reference", "path")
    return {
        "items": [dict(zip(names, row, strict=True)) for row in rows],
        "next": encode_cursor(rows[-1][4]) if more else None,
    }


NAMES = """
SELECT s.id, s.name, t.name
FROM tenancy_subscription s JOIN tenancy_organization t ON t.id = s.tenant_id
WHERE s.id = ANY (%s::uuid[])
"""


def subscription_names(ids: set[UUID]) -> dict[UUID, tuple[str, str]]:
    """Id → (name, customer's name) of subscriptions, which the caller has found visible."""
    with connection.cursor() as cursor:
        cursor.execute(NAMES, [list(ids)])
        return {id: (name, tenant) for id, name, tenant in cursor.fetchall()}
