"""The pools: they give out connections within the budget of a request, and retry an unavailable
server as long as a caller waits."""

from threading import Lock
from time import monotonic, sleep
from typing import Any

from psycopg_pool import AsyncConnectionPool, ConnectionPool

from fusion.kernel.postgresql import budget
from fusion.kernel.postgresql.connections import AsyncConnection, Connection

AGAIN = 0.25
"""Seconds between two attempts to connect while a caller waits."""

RENEWED = 2.0
"""Seconds within which the pool is renewed only once, however many callers request it."""

OPENED = 5.0
"""Seconds that the worker's pool may take for its first connection; the worker then retries."""


class Pool(ConnectionPool[Connection]):
    """A pool for the threads of one process."""

    def __init__(self, **options: Any) -> None:
        """`options`: those of psycopg's pool, except those set here.

        `served` is the time, by `time.monotonic()`, when a connection was last returned.
        """
        self._searching = Lock()
        self._renewed = 0.0
        self.served = 0.0
        super().__init__(
            connection_class=Connection,
            # psycopg would wait longer after each attempt, and ignore waiting callers after it
            # gives up.
            reconnect_timeout=0.0,
            reconnect_failed=self._search,
            open=False,
            **options,
        )

    def getconn(self, timeout: float | None = None) -> Connection:
        """A connection; PoolTimeout if none is available within the remaining budget."""
        wait = self.timeout if timeout is None else timeout
        until = monotonic() + min(wait, budget.left())
        while True:
            held = super().getconn(max(0.0, until - monotonic()))
            if not held.has_ended():
                held.limit = held.usual_limit
                return held
            self.renew()
            super().putconn(held)

    def putconn(self, conn: Connection) -> None:
        """Take a connection back; if its server was given up, replace all others too."""
        if conn.gave_up:
            self.renew()
        elif not conn.closed:
            self.served = monotonic()
        super().putconn(conn)

    def renew(self) -> None:
        """Replace all connections: idle ones now, others when they are returned."""
        now = monotonic()
        if now - self._renewed > RENEWED:
            self._renewed = now
            self.drain()

    def _search(self, _: ConnectionPool[Any]) -> None:
        """After a failed attempt to connect, make another as long as a caller waits."""
        if not self._searching.acquire(blocking=False):
            return
        try:
            sleep(AGAIN)
        finally:
            self._searching.release()
        if not self.closed and self.get_stats().get("requests_waiting"):
            self.check()  # grows the pool if it has no connection


class AsyncPool(AsyncConnectionPool[Any]):
    """A pool for the worker's queue, created again after each outage of the database."""

    def __init__(self, **options: Any) -> None:
        """`options`: those of psycopg's pool."""
        super().__init__(connection_class=AsyncConnection, reconnect_timeout=OPENED, **options)

    async def open(self, wait: bool = False, timeout: float = OPENED) -> None:
        """Open it; with `wait`, PoolTimeout without a connection within `timeout` seconds."""
        await super().open(wait, timeout)
