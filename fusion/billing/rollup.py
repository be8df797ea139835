"""Renewing the roll-up of the overview: what the worker does every half minute."""

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
"""Seconds between two refreshes, however many workers ask for them every half minute."""

LARGE = 500
"""Balances of one SKU up to which an organization's are summed when they are asked for: that takes
milliseconds, and whoever has just ordered sees it at once."""

FRESH = 60
"""How old sums may be that are shown, in seconds."""


def refresh(least: int = LEAST) -> datetime | None:
    """Renew all sums as of one moment, which is returned; None where that was not needed."""
    return _in_one_snapshot("SELECT billing_refresh(make_interval(secs => %s))", least)


ATTEMPTS = 60
"""How often, a second apart, it is tried to fill the history while others refresh the sums."""


def fill_history() -> datetime:
    """Write the sums of the past 90 days anew from the ledger and the records of calls.

    For when entries of the past were added: by an import, by a seed. Raises TimeoutError when
    others refresh the sums all the time.
    """
    calls_from = kept_from(setting("FUSION_CALL_RECORD_MONTHS"))
    for _ in range(ATTEMPTS):
        at = _in_one_snapshot("SELECT billing_fill_history(%s::date)", calls_from)
        if at is not None:
            return at
        time.sleep(1)
    raise TimeoutError("others are refreshing the sums of the overview all the time")


def _in_one_snapshot(statement: str, parameter: Any) -> datetime | None:
    """What the function answers; None when another worker was quicker."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            # All statements of the function see the same moment.
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
    """The moment of an organization's sums; None when they are too old, or when it has so few
    balances that they are summed anew.
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
