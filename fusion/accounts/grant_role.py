"""Which roles an actor may give: none beyond its own rights."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from fusion.access.actor import ADMINISTRATOR, GROUP, VIEWER, Actor, including_reads
from fusion.access.rules import grantable
from fusion.kernel.database import execute, fetch_rows
from fusion.kernel.errors import Problem
from fusion.kernel.ids import parse_id

MANAGE = "tenancy:write"
"""The scope that only administrators have among the members of an organization."""


def scopes_of_role(role: str, kind: str) -> tuple[str, ...]:
    """The scopes that a token of an organization of `kind` needs to give `role`.

    Administrator: every scope; agent: all but `tenancy:write`; viewer: every read.
    """
    scopes = grantable(kind)
    if role == ADMINISTRATOR:
        return scopes
    if role == VIEWER:
        return tuple(scope for scope in scopes if scope.endswith(":read"))
    return tuple(scope for scope in scopes if scope != MANAGE)


def require_role_in_reach(actor: Actor, role: str) -> None:
    """Problem `forbidden` if the token lacks a scope of the role it gives."""
    missing = [each for each in scopes_of_role(role, actor.kind) if not actor.has_scope(each)]
    if missing:
        raise Problem(
            "forbidden",
            f"This token lacks {', '.join(missing)}, which the role {role} includes. Use a "
            "client with these scopes, or ask an administrator to invite the person in the "
            "portal.",
        )


AUTHORS = """
SELECT 'member:' || m.id, o.path, o.kind, NULL
FROM tenancy_member m
JOIN tenancy_user u ON u.id = m.user_id
JOIN tenancy_organization o ON o.id = m.organization_id
WHERE m.id = ANY (%(member)s::uuid[]) AND m.role = 'administrator' AND u.is_active
  AND o.status = 'active'
UNION ALL
SELECT 'client:' || c.id, o.path, o.kind, c.scopes
FROM tenancy_apiclient c JOIN tenancy_organization o ON o.id = c.organization_id
WHERE c.id = ANY (%(client)s::uuid[]) AND o.status = 'active'
"""

LOCK = {
    "member": "SELECT FROM tenancy_member WHERE id = %s::uuid FOR SHARE",
    "client": "SELECT FROM tenancy_apiclient WHERE id = %s::uuid FOR SHARE",
}


@dataclass(frozen=True, slots=True)
class Author:
    """The author of an invitation as of now: its organization and, for a client, its scopes."""

    path: str = ""
    kind: str = GROUP
    scopes: str | None = None

    def may_give(self, role: str, path: str) -> bool:
        """Whether the author could invite to the organization at `path` today."""
        if not path.startswith(self.path):
            return False
        return self.scopes is None or including_reads(self.scopes.split()).issuperset(
            {MANAGE, *scopes_of_role(role, self.kind)}
        )


def authors_of(labels: Iterable[str]) -> dict[str, Author]:
    """Label → author, for the authors who may still manage members somewhere."""
    found = {label: Author() for label in labels if label.startswith("system:")}
    ids: dict[str, list[UUID]] = {"member": [], "client": []}
    for label in set(labels):
        kind, _, text = label.partition(":")
        id = parse_id(text)
        if kind in ids and id is not None:
            ids[kind].append(id)
    if any(ids.values()):
        found.update((label, Author(*facts)) for label, *facts in fetch_rows(AUTHORS, ids))
    return found


def lock_author(label: str) -> None:
    """Lock the author's row: removing or demoting them waits until the transaction ends."""
    kind, _, text = label.partition(":")
    id = parse_id(text)
    if kind in LOCK and id is not None:
        execute(LOCK[kind], [id])
