"""Cleaning up expired and ended calls: a sweep of the worker; several can run at once.

Correctness does not depend on it: an expired call does not count, swept or not. The sweep turns
expired calls into records, and keeps the table of live calls small.
"""

from fusion.kernel.database import fetch_value, first_row

BATCH = 500
"""Rows of each kind in one transaction."""

TOMBSTONE_MINUTES = 15
"""How long an ended call is remembered, so that a late admission of it is refused."""


def sweep_calls(*, batches: int = 100) -> int:
    """Clean up to that many batches, each in its own transaction; returns how many calls."""
    first_row("SELECT 1")
    swept = 0
    for _ in range(batches):
        sql = "SELECT trunks_sweep(make_interval(mins => %s::int), %s::int)"
        count = fetch_value(sql, [TOMBSTONE_MINUTES, BATCH])
        swept += count
        if count < BATCH:
            break
    return swept
