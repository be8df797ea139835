"""Retention of the notes about positions in the feed: an operation of the worker.

Events are kept for ever, and `from=<instant>` must find its place among all of them. So the notes
of old hours are thinned out: the first of each hour stays, and a reader who starts in such an hour
reads at most an hour's events too many.
"""

from fusion.kernel.retention import purge

MARKS = """
DELETE FROM events_feedmark WHERE at IN (
    SELECT m.at FROM events_feedmark m
    WHERE m.at < (SELECT kernel_now()) - make_interval(days => %s)
      AND EXISTS (SELECT FROM events_feedmark e
                  WHERE e.at < m.at AND e.at >= date_trunc('hour', m.at, 'UTC'))
    ORDER BY m.at LIMIT %s FOR UPDATE SKIP LOCKED)
"""

DAYS = 31
"""Days for which every note is kept."""


def purge_marks(*, days: int = DAYS) -> int:
    """Delete all but the first note of each hour that is older than `days`; returns how many."""
    return purge(MARKS, days)
