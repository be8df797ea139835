"""Refreshing the roll-up of the overview: the worker does it every half minute."""

import time
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.db import OperationalError, connection, transaction
from psycopg.errors import SerializationFailure

from fusion.kernel.environment import setting
from fusion.trunks.keep_records import kept_from

log = structlog.get_logger(__name__)

LEAST = 20
"""Seconds between two refreshes, however many workers try every half minute."""

LARGE = 500
"""Most balances of one SKU for which an organization is summed on demand: that takes milliseconds,
and shows a new order at once.
"""

FRESH = 60
"""How old displayed sums may be, in seconds."""


def refresh(least: int = LEAST) -> datetime | None:
    """Refresh all sums in one snapshot; returns its time, None if no refresh was needed."""
    return _in_one_snapshot("SELECT billing_refresh(make_interval(secs => %s))", least)


ATTEMPTS = 60
"""How many attempts, a second apart, to fill the history while others refresh the sums."""


def fill_history() -> datetime:
    """Rewrite the sums of the past 90 days from the ledger and call records.

    For use after entries of the past were added, by an import or the seed. Raises TimeoutError if
    others keep refreshing the sums.
    """
    calls_from = kept_from(setting("FUSION_CALL_RECORD_MONTHS"))
    for _ in range(ATTEMPTS):
        at = _in_one_snapshot("SELECT billing_fill_history(%s::date)", calls_from)
        if at is not None:
            return at
        time.sleep(1)
    raise TimeoutError("other processes keep refreshing the totals of the overview")


def _in_one_snapshot(statement: str, parameter: Any) -> datetime | None:
    """The function's result; None if another worker was quicker."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            # All statements of the function see the same snapshot.
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            cursor.execute(statement, [parameter])
            (at,) = cursor.fetchone()
    except OperationalError as error:
        if isinstance(error.__cause__, SerializationFailure):
            return None
        raise
    refreshed: datetime | None = at
    return refreshed


def rolled_as_of(organization_id: UUID) -> datetime | None:
    """The time of an organization's sums; None if they are too old, or if it has so few balances
    that they are summed on demand.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT r.as_of FROM billing_rollup r"
            " WHERE r.as_of > (SELECT kernel_now()) - make_interval(secs => %s)"
            " AND EXISTS (SELECT FROM billing_total t"
            " WHERE t.organization_id = %s::uuid AND t.balances > %s)",
            [FRESH, organization_id, LARGE],
        )
        row = cursor.fetchone()
    return row[0] if row else None
