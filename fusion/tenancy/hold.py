"""Keeping an organization in being while something is put under it, or is changed in it.

Deletion takes the row `FOR UPDATE` and then counts what is under it; whoever creates something
under it takes the row `FOR KEY SHARE`. One of the two waits and then sees what the other did.
Holding the parent is enough: as long as it is there, nothing above it can be deleted.
"""

from django.db import connection

from fusion.kernel.errors import not_found
from fusion.tenancy.models import Organization


def hold_organization(organization: Organization, *, alone: bool = False) -> None:
    """Hold it until the transaction ends; Problem `not-found` when it has just been deleted.

    `alone`: of those who want it so, one at a time; what they count does not change meanwhile.
    """
    strength = "NO KEY UPDATE" if alone else "KEY SHARE"
    with connection.cursor() as cursor:
        # Where this waits for a deletion, the condition is judged again on what that left.
        cursor.execute(
            f"SELECT FROM tenancy_organization WHERE id = %s AND status = 'active' FOR {strength}",
            [organization.id],
        )
        if cursor.rowcount == 0:
            raise not_found("organization")
