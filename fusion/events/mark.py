"""Noting where in the feed the present instant is: a sweep of the worker.

Nothing depends on it but the cost of `from=<instant>`: without notes, readers start earlier.
"""

from fusion.kernel.database import execute


def mark_feed() -> None:
    """Note the present instant, if anything was written since the last time."""
    execute("SELECT events_mark()")
