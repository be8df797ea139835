"""Search of customers and subscriptions, the same for API and portal, however many there are.

Each word of the text occurs in the name or the reference, ignoring case. An index of PostgreSQL's
full-text search serves it (`migrations/0023_search_within_words.py`).
"""

import re
from typing import Any
from uuid import UUID

from django.db.models.expressions import RawSQL

from fusion.access.actor import GROUP, Actor
from fusion.access.visibility import subtree
from fusion.kernel.database import fetch_dicts, fetch_rows

MIN_LETTERS = 2
"""The portal searches for texts with a word of at least so many letters and digits."""

MAX_WORDS = 8

WORD = re.compile(r"[^\W_]+")

ENOUGH = 500
"""Most matches that are sorted by name; with more, the user has to type on."""


def _match(text: str) -> tuple[str, str]:
    """SQL for whether the row `{0}` matches, and the text as `%(text)s` in it."""
    words = WORD.findall(text)[:MAX_WORDS]
    if not words:  # signs alone: an index of words does not have them
        return "strpos(concat_ws(' ', {0}.name, {0}.external_reference), %(text)s::text) > 0", text
    found = "tenancy_word_ends({0}.name, {0}.external_reference) @@ lower(%(text)s::text)::tsquery"
    return found, " & ".join(f"'{word}':*" for word in words)


def _statement(sql: str, actor: Actor, text: str) -> tuple[str, dict[str, Any]]:
    """`sql` with the conditions that limit each table to the matches that `actor` sees.

    A whole group is filtered by its id: with the index of paths PostgreSQL would read all of the
    group, only to leave out the matches of other groups.
    """
    match, text = _match(text)
    if actor.kind == GROUP:
        seen, values = "{0}.group_id = %(group)s::uuid", {"group": str(actor.group_id)}
    else:
        seen = '{0}.path >= %(first)s::text COLLATE "C" AND {0}.path < %(after)s::text COLLATE "C"'
        values = dict(zip(("first", "after"), subtree(actor.path), strict=True))
    both = f"{match} AND {seen}"
    return sql.format(**{alias: both.format(alias) for alias in "st"}), {**values, "text": text}


SUBSCRIPTIONS = """
WITH matching AS (
    (SELECT s.id FROM tenancy_subscription s
     WHERE {s} AND s.status <> 'terminated' LIMIT %(enough)s::int)
    UNION
    (SELECT s.id FROM tenancy_organization t JOIN tenancy_subscription s ON s.tenant_id = t.id
     WHERE {t} AND t.kind = 'tenant' AND s.status <> 'terminated' LIMIT %(enough)s::int)
)
SELECT s.id, s.name, s.external_reference, s.status, t.id AS tenant_id, t.name AS tenant_name
FROM matching m
JOIN tenancy_subscription s ON s.id = m.id
JOIN tenancy_organization t ON t.id = s.tenant_id
ORDER BY t.name, s.name, s.id
LIMIT %(limit)s::int
"""


def find_subscriptions(actor: Actor, text: str, *, limit: int) -> list[dict[str, Any]]:
    """Up to `limit` visible subscriptions that are not terminated, by customer and name.

    Matches their own name or reference, or their customer's; nothing if `text` is too short.
    """
    if not is_long_enough(text):
        return []
    statement, values = _statement(SUBSCRIPTIONS, actor, text)
    return fetch_dicts(statement, {**values, "limit": limit, "enough": ENOUGH})


OF_SUBSCRIPTIONS = """
SELECT s.id FROM tenancy_subscription s WHERE {s}
UNION ALL
SELECT s.id FROM tenancy_organization t JOIN tenancy_subscription s ON s.tenant_id = t.id
WHERE {t} AND t.kind = 'tenant'
"""

OF_ORGANIZATIONS = "SELECT t.id FROM tenancy_organization t WHERE {t}"

NAMED = re.compile(r"%\((\w+)\)s")


def matching_subscriptions(actor: Actor, text: str) -> RawSQL:
    """The ids of all visible subscriptions that match, terminated ones included, as a filter."""
    return _ids(OF_SUBSCRIPTIONS, actor, text)


def matching_organizations(actor: Actor, text: str) -> RawSQL:
    """The ids of all visible organizations that match, as a filter."""
    return _ids(OF_ORGANIZATIONS, actor, text)


def _ids(sql: str, actor: Actor, text: str) -> RawSQL:
    statement, values = _statement(sql, actor, text)
    parameters = [values[name] for name in NAMED.findall(statement)]
    return RawSQL(NAMED.sub("%s", statement), parameters)  # noqa: S611 - nothing typed stands in it


def is_long_enough(text: str) -> bool:
    """Whether the portal searches for `text`."""
    return any(len(word) >= MIN_LETTERS for word in WORD.findall(text))


NAMES = """
SELECT s.id, s.name, t.name
FROM tenancy_subscription s JOIN tenancy_organization t ON t.id = s.tenant_id
WHERE s.id = ANY (%s::uuid[])
"""


def subscription_names(ids: set[UUID]) -> dict[UUID, tuple[str, str]]:
    """Id → (name, customer's name) of subscriptions, which the caller has found visible."""
    return {id: (name, tenant) for id, name, tenant in fetch_rows(NAMES, [list(ids)])}
