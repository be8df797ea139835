"""Deleting rows past their retention, in small batches."""

from fusion.kernel.database import execute

BATCH = 1_000
"""Rows deleted at a time."""


def purge(statement: str, days: int, *, batch: int = BATCH) -> int:
    """Run `statement` with `days` and the size of a batch until it deletes no more; returns how
    many rows it deleted. Each batch commits, so that nobody waits long for a lock.
    """
    deleted = 0
    while True:
        count = execute(statement, [days, batch])
        deleted += count
        if count < batch:
            return deleted
