"""Refreshing the roll-up of the overview: the worker does it every half minute."""

import time
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.db import OperationalError, transaction
from psycopg.errors import SerializationFailure

from fusion.kernel.clock import now
from fusion.kernel.database import execute, fetch_rows, fetch_value
from fusion.kernel.environment import setting
from fusion.tenancy.models import Organization
from fusion.trunks.retention import kept_from

log = structlog.get_logger(__name__)

LEAST = 20
"""Seconds between two refreshes, however many workers try every half minute."""

LARGE = 500
"""Most balances of one SKU for which an organization is summed on demand: that takes milliseconds,
and shows a new order at once.
"""

FRESH = 60
"""How old displayed sums may be, in seconds."""


CHANGED = "SELECT billing_changed_groups(make_interval(secs => %s))"

REFRESH = "SELECT billing_refresh_group(%s::uuid, make_interval(secs => %s))"

FILL = "SELECT billing_fill_history(%s::uuid, %s::date)"

GROUPS = "SELECT id FROM tenancy_organization WHERE parent_id IS NULL ORDER BY id"

# Servers of the previous release read one row for all groups.
FORMER = """
UPDATE billing_rollup SET as_of = w.as_of, day = w.day
FROM (SELECT min(as_of) AS as_of, min(day) AS day FROM billing_groupstate) w WHERE id = 1
"""


def refresh(least: int = LEAST) -> datetime | None:
    """Refresh the sums of all groups that have changed, each in its own short transaction.

    Returns the time of the newest sums, None if no refresh was needed.
    """
    refreshed = [refresh_group(group, least) for group in _groups(CHANGED, [least])]
    execute(FORMER)
    return max((at for at in refreshed if at is not None), default=None)


def refresh_group(group: UUID, least: int = LEAST) -> datetime | None:
    """Refresh a group's sums in one snapshot; returns its time, None if no refresh was needed."""
    return _in_one_snapshot(REFRESH, group, least)


ATTEMPTS = 60
"""How many attempts, a second apart, to fill a group's history while others refresh its sums."""


def fill_history() -> datetime:
    """Rewrite the sums of the past 90 days from the ledger and call records; returns as of when.

    For use after entries of the past were added, by an import or the seed. Raises TimeoutError if
    others keep refreshing the sums.
    """
    calls_from = kept_from(setting("FUSION_CALL_RECORD_MONTHS"))
    began = now()
    for group in _groups(GROUPS, []):
        for _ in range(ATTEMPTS):
            if _in_one_snapshot(FILL, group, calls_from) is not None:
                break
            time.sleep(1)
        else:
            raise TimeoutError("other processes keep refreshing the totals of the overview")
    return began


def _groups(statement: str, parameters: list[Any]) -> list[UUID]:
    return [group for (group,) in fetch_rows(statement, parameters)]


def _in_one_snapshot(statement: str, *parameters: Any) -> datetime | None:
    """The function's result; None if another worker was quicker."""
    try:
        with transaction.atomic():
            # All statements of the function see the same snapshot.
            execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            refreshed: datetime | None = fetch_value(statement, parameters)
    except OperationalError as error:
        if isinstance(error.__cause__, SerializationFailure):
            return None
        raise
    return refreshed


def rolled_as_of(organization: Organization) -> datetime | None:
    """The time of an organization's sums; None if they are too old, or if it has so few balances
    that they are summed on demand.
    """
    as_of: datetime | None = fetch_value(
        "SELECT s.as_of FROM billing_groupstate s"
        " WHERE s.group_id = %s::uuid"
        " AND s.as_of > (SELECT kernel_now()) - make_interval(secs => %s)"
        " AND EXISTS (SELECT FROM billing_total t WHERE t.group_id = s.group_id"
        " AND t.organization_id = %s::uuid AND t.balances > %s)",
        [organization.group_id, FRESH, organization.id, LARGE],
    )
    return as_of
