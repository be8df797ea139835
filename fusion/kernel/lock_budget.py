"""How long the statements of an upgrade wait for locks while servers use the tables."""

import re
import time
from collections.abc import Callable
from typing import Any

from psycopg.pq import TransactionStatus

BUDGET = 0.6
"""Seconds from the first change of a transaction to its last wait: fewer than PostgreSQL's
`deadlock_timeout`, which is one second. A query that waits for this transaction, and holds what
this transaction waits for, is then never the one that PostgreSQL ends.
"""

LONGEST = 0.3
"""Seconds that one lock is waited for: all later queries of its table wait behind it."""

BESIDE = 5.0
"""The same for a statement that blocks no other query while it waits."""

ROWS = 1.0
"""The same for a row, in a transaction that has changed no table."""

_CHANGE = re.compile(r"^\s*(ALTER|CREATE|DROP|LOCK)\b", re.IGNORECASE | re.MULTILINE)
_BESIDE = re.compile(r"\b(CONCURRENTLY|VALIDATE CONSTRAINT)\b", re.IGNORECASE)


class LockBudget:
    """An execute wrapper of Django that sets `lock_timeout` for each statement of an upgrade.

    Once the budget of a transaction is spent, a statement that has to wait fails after a
    millisecond. `fusion migrate` then rolls the transaction back and tries it again.
    """

    def __init__(self) -> None:
        self._end: float | None = None

    def __call__(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        atomic = context["connection"].in_atomic_block
        # Not the cursor: it may be one of the server, for which SET is no statement.
        direct = context["connection"].connection
        if direct.info.transaction_status == TransactionStatus.IDLE:
            self._end = None
        wait = self._wait(str(sql), atomic)
        scope = "LOCAL" if atomic else "SESSION"
        direct.execute(f"SET {scope} lock_timeout = {max(1, round(1000 * wait))}")
        return execute(sql, params, many, context)

    def _wait(self, sql: str, atomic: bool) -> float:
        """Seconds for which the statement may wait for each of its locks."""
        changes = _CHANGE.search(sql)
        if not atomic and _BESIDE.search(sql):
            return BESIDE
        if changes and not self._end:
            self._end = time.monotonic() + BUDGET
        if not self._end:
            return ROWS
        locks = sql.count(",") + 1 if changes and changes[1].upper() == "LOCK" else 1
        return min(LONGEST, (self._end - time.monotonic()) / locks)
