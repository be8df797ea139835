"""Locking an organization while something is created under it or changed in it.

Deletion locks the row `FOR UPDATE` and then counts what is under it; creating something under it
locks the row `FOR KEY SHARE`. One of the two waits and then sees what the other did. Locking the
parent is enough: while it exists, nothing above it can be deleted.
"""

from fusion.kernel.database import execute
from fusion.kernel.errors import not_found
from fusion.tenancy.models import Organization


def lock_organization(organization: Organization, *, alone: bool = False) -> None:
    """Lock it until the transaction ends; Problem `not-found` if it has just been deleted.

    `alone`: an exclusive lock, so that what the caller counts does not change meanwhile.
    """
    strength = "NO KEY UPDATE" if alone else "KEY SHARE"
    # If this waited for a deletion, PostgreSQL evaluates the condition again on the new row.
    sql = f"SELECT FROM tenancy_organization WHERE id = %s AND status = 'active' FOR {strength}"
    if not execute(sql, [organization.id]):
        raise not_found("organization")
