"""Retention of call records: creates partitions in advance and drops those past retention.

Operations of the worker and of `fusion migrate`. The steps that lock the table of records give up
after a second, are rolled back, and are retried at the next run.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import structlog
from django.db import OperationalError
from psycopg.errors import LockNotAvailable

from fusion.kernel.clock import now
from fusion.kernel.database import execute, fetch_value, first_row

log = structlog.get_logger(__name__)

MONTHS_AHEAD = 3
"""Partitions created in advance: the number of months that can pass without a worker."""

MINUTES_KEPT = timedelta(hours=48)
"""How long each minute's peak is kept; afterwards only the highest minute of each hour."""

THINNED = timedelta(days=7)
"""How far back one run looks for minutes to thin out: the longest time without a worker. Older
minutes that were not thinned out stay until their retention ends.
"""

MONTHS = 24
"""Months of records that a database keeps if `fusion migrate` sets no number."""

SET_MONTHS = """
INSERT INTO trunks_recordretention AS r (id, months) VALUES (1, %(first)s::smallint)
ON CONFLICT (id) DO UPDATE SET months = %(months)s::smallint
WHERE r.months <> %(months)s::smallint
"""

PURGE_PEAKS = "DELETE FROM trunks_channelpeak WHERE minute < %s::timestamptz"


def add_months(day: date, months: int) -> date:
    """The first day of the month that is `months` after the month of `day`."""
    years, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(years, month + 1, 1)


def ensure_partitions(*, today: date | None = None) -> int:
    """Create the partitions of this month and the coming ones; returns how many were missing."""
    first = today or now().date()
    sql = "SELECT trunks_ensure_partitions(%s::date, %s::date)"
    return int(fetch_value(sql, [first, add_months(first, MONTHS_AHEAD)]))


def kept_from(months: int, today: date | None = None) -> date:
    """The day from which call records are complete, if `months` are kept."""
    return add_months(today or now().date(), -months)


def purge_call_records(*, months: int, today: date | None = None) -> int:
    """Delete records and peaks of calls that ended more than `months` calendar months ago.

    Keeps the present month and `months` whole months before it, or the database's minimum if that
    is more. Returns how many partitions were dropped.
    """
    first = min(kept_from(months, today), kept_from(months_kept()))
    midnight = datetime(first.year, first.month, 1, tzinfo=UTC)
    dropped = int(fetch_value("SELECT trunks_drop_partitions(%s::date)", [first]))
    execute(PURGE_PEAKS, [midnight])
    return dropped


def months_kept() -> int:
    """The months of records that the database keeps at least, with any setting of a worker."""
    row = first_row("SELECT months FROM trunks_recordretention")
    return int(row[0]) if row else MONTHS


def set_months_kept(months: int | None) -> None:
    """Set the minimum of months of records that the database keeps; None leaves it unchanged.

    Runs as the owner of the tables: an operation of `fusion migrate`.
    """
    execute(SET_MONTHS, {"months": months, "first": MONTHS if months is None else months})


def thin_peaks(*, at: datetime | None = None) -> int:
    """Keep only the highest minute of each old hour; returns how many minutes were deleted."""
    until = ((at or now()) - MINUTES_KEPT).replace(minute=0, second=0, microsecond=0)
    sql = "SELECT trunks_thin_peaks(%s::timestamptz, %s::timestamptz)"
    return int(fetch_value(sql, [until - THINNED, until]))


def keep_records(*, months: int) -> None:
    """Run all of it; a locked table leaves its step for the next run."""
    kept = months_kept()
    if kept > months:
        log.warning(
            "the database keeps call records longer than this worker's setting; to shorten "
            "that, run fusion migrate with the same FUSION_CALL_RECORD_MONTHS",
            months=months,
            kept=kept,
        )
    steps: tuple[Callable[[], int], ...] = (
        ensure_partitions,
        lambda: purge_call_records(months=months),
        thin_peaks,
    )
    for step in steps:
        try:
            step()
        except OperationalError as error:
            if not isinstance(error.__cause__, LockNotAvailable):
                raise
            log.warning("call records are locked by another process; the worker tries again later")
