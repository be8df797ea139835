"""Renewing the roll-up of the overview: what the worker does every half minute."""

from datetime import datetime
from uuid import UUID

import structlog
from django.db import OperationalError, connection, transaction
from psycopg.errors import SerializationFailure

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
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            # All statements of the function see the same moment.
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            cursor.execute("SELECT billing_refresh(make_interval(secs => %s))", [least])
            (at,) = cursor.fetchone()
    except OperationalError as error:
        if isinstance(error.__cause__, SerializationFailure):
            return None  # another worker was quicker
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
