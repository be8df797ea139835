"""The pools: they hand connections out within the budget of a request, and do not tire of looking
for a server that is away."""

from threading import Lock
from time import monotonic, sleep
from typing import Any

from psycopg_pool import AsyncConnectionPool, ConnectionPool

from fusion.kernel.postgresql import budget
from fusion.kernel.postgresql.connections import AsyncConnection, Connection

AGAIN = 0.25
"""Seconds between two attempts to connect while somebody waits for a connection."""

RENEWED = 2.0
"""Seconds within which the pool is renewed once, however many find out that it must be."""

OPENED = 5.0
"""Seconds that the worker's pool may take for its first connection; the worker then tries again."""


class Pool(ConnectionPool[Connection]):
    """A pool for the threads of one process."""

    def __init__(self, **options: Any) -> None:
        """`options`: those of psycopg's pool, without those that are settled here.

        `served` is when, by `time.monotonic()`, somebody last had no more need of a connection.
        """
        self._searching = Lock()
        self._renewed = 0.0
        self.served = 0.0
        super().__init__(
            connection_class=Connection,
            # psycopg would wait longer from one attempt to the next, and leave those in the lurch
            # who wait when it gives up.
            reconnect_timeout=0.0,
            reconnect_failed=self._search,
            open=False,
            **options,
        )

    def getconn(self, timeout: float | None = None) -> Connection:
        """A connection, PoolTimeout when there is none within what is left of the budget."""
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
        """Take a connection back; where its server was given up, all others are replaced too."""
        if conn.gave_up:
            self.renew()
        elif not conn.closed:
            self.served = monotonic()
        super().putconn(conn)

    def renew(self) -> None:
        """Replace all connections: those at hand now, others when they come back."""
        now = monotonic()
        if now - self._renewed > RENEWED:
            self._renewed = now
            self.drain()

    def _search(self, _: ConnectionPool[Any]) -> None:
        """An attempt to connect has failed: make another, as long as somebody waits."""
        if not self._searching.acquire(blocking=False):
            return
        try:
            sleep(AGAIN)
        finally:
            self._searching.release()
        if not self.closed and self.get_stats().get("requests_waiting"):
            self.check()  # grows the pool where it has no connection


class AsyncPool(AsyncConnectionPool[Any]):
    """A pool for the worker's queue, which is made anew whenever the database has been away."""

    def __init__(self, **options: Any) -> None:
        """`options`: those of psycopg's pool."""
        super().__init__(connection_class=AsyncConnection, reconnect_timeout=OPENED, **options)

    async def open(self, wait: bool = False, timeout: float = OPENED) -> None:
        """Open it; with `wait`, PoolTimeout when no connection comes within `timeout` seconds."""
        await super().open(wait, timeout)
