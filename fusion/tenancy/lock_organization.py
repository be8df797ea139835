"""Locking an organization while something is created under it or changed in it.

Deletion locks the row `FOR UPDATE` and then counts what is under it, and a move locks it before it
changes the path; creating something under it locks the row `FOR SHARE`. One of the two waits and
then sees what the other did. Locking the parent is enough: while it exists, nothing above it can be
deleted, and a move of something above locks it too.
"""

from fusion.access.actor import Actor
from fusion.kernel.database import fetch_rows
from fusion.kernel.errors import not_found
from fusion.tenancy.models import Organization


def lock_organization(actor: Actor, organization: Organization, *, alone: bool = False) -> None:
    """Lock it until the transaction ends, and read its path, which a move may have changed.

    `alone`: an exclusive lock, so that what the caller counts does not change meanwhile.
    Problem `not-found` if it has just been deleted, or moved to where the actor does not see it.
    """
    strength = "NO KEY UPDATE" if alone else "SHARE"
    # If this waited for another transaction, PostgreSQL reads the row that it left.
    sql = (
        "SELECT path FROM tenancy_organization"
        f" WHERE group_id = %s AND id = %s AND status = 'active' FOR {strength}"
    )
    found = fetch_rows(sql, [organization.group_id, organization.id])
    if not found or actor.organization_id.hex not in found[0][0]:
        raise not_found("organization")
    ((organization.path,),) = found
