"""Clearing who created the API clients of organizations that move away from their creators."""

from collections.abc import Sequence
from uuid import UUID

from fusion.kernel.database import execute

CLEAR = """
UPDATE tenancy_apiclient c SET created_by = NULL
FROM tenancy_apiclient w
WHERE c.organization_id = ANY (%s::uuid[]) AND w.id = c.created_by
  AND w.organization_id = ANY (%s::uuid[])
"""


def clear_creators(organizations: Sequence[UUID], *, of: Sequence[UUID]) -> None:
    """Let clients of `organizations` outlive the clients of the organizations `of` that made them.

    Else revoking a client would end clients of organizations that its own no longer sees. An
    operation: the caller holds the locks of `organizations`.
    """
    execute(CLEAR, [list(organizations), list(of)])
