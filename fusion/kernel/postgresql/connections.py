"""psycopg's connections, which give up statements of servers that no longer answer.

psycopg waits for an answer as long as the socket is open, and wakes up ten times a second. At each
wake-up these classes check how long the server has been silent. An answer in time costs a few
microseconds more, and neither a round trip nor a thread.
"""

import asyncio
import re
import select
from collections.abc import Callable, Generator
from time import monotonic
from typing import Any

import psycopg
from psycopg.abc import RV, PQGen
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow

from fusion.kernel.postgresql.hosts import Host, hosts, place_of, with_hosts
from fusion.kernel.postgresql.pulse import Pulse, answering_first, give_up, reached
from fusion.kernel.postgresql.race import Race

GRACE = 1.0
"""Seconds from PostgreSQL's limit of a statement until the client gives it up."""

_NO_PARAMETERS = frozenset(
    ("autocommit", "prepare_threshold", "context", "row_factory", "cursor_factory")
)

_LIMIT = re.compile(r"statement_timeout\s*=\s*(\d+)(ms|s|min|h|d)?")
_UNITS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


class NoResponse(psycopg.OperationalError):
    """A statement got no answer; its connection is closed, its outcome unknown."""


class _Attended:
    """The common part of both kinds of connection."""

    pulse: Pulse | None = None
    usual_limit: float | None = None
    limit: float | None = None
    """PostgreSQL's limit of statements in seconds, usual and current; None if unknown."""

    silence_limit: float | None = None
    """The same behind a pooler, which hides PostgreSQL's limit."""

    gave_up = False
    """Whether it was closed because its server is dead."""


def _settle(held: Any, parameters: dict[str, Any]) -> None:
    known = {name: str(value) for name, value in parameters.items() if name not in _NO_PARAMETERS}
    peer = {"host": held.info.host, "hostaddr": held.info.hostaddr, "port": str(held.info.port)}
    host: Host = {name: value for name, value in peer.items() if value}
    held.pulse = reached(host, known)
    limit = _limit(known["options"]) if "options" in known else held.silence_limit
    held.limit = held.usual_limit = limit


def _limit(options: str) -> float | None:
    """The last one counts; 0 means no limit."""
    found = _LIMIT.findall(options)
    if not found or not int(found[-1][0]):
        return None
    number, unit = found[-1]
    return int(number) * _UNITS[unit or "ms"]


def _first_of(servers: list[Host], connect: Callable[..., Any], parameters: dict[str, Any]) -> Any:
    race = Race[Any](lambda host: connect(**with_hosts(parameters, [host])))
    held = race.run(answering_first(servers))
    for silent in race.silent:
        give_up(silent)
    return held


def _find(servers: list[Host], parameters: dict[str, Any]) -> Host:
    """The host that accepts a connection, which is closed again."""
    plain = {name: value for name, value in parameters.items() if name not in _NO_PARAMETERS}
    with _first_of(servers, psycopg.connect, plain) as held:
        found = held.info.host, str(held.info.port)
    return next(each for each in servers if place_of(each) == found)


def _attend(held: Any, generator: PQGen[RV]) -> Generator[Any, Any, RV]:
    """`generator`, which talks to the server, until the server is given up."""
    try:
        wanted = next(generator)
    except StopIteration as end:
        value: RV = end.value
        return value
    silent_since = 0.0
    while True:
        ready = yield wanted
        if ready:
            silent_since = 0.0
        elif held.pgconn.transaction_status == TransactionStatus.ACTIVE:
            # A connection that waits for notifications is not active, and may wait for ever.
            now = monotonic()
            silent_since = silent_since or now
            _judge(held, now - silent_since)
        try:
            wanted = generator.send(ready)
        except StopIteration as end:
            value = end.value
            return value


def _judge(held: Any, silent: float) -> None:
    late = held.limit is not None and silent > held.limit + GRACE
    held.gave_up = held.pulse is not None and held.pulse.is_dead(silent)
    if late or held.gave_up:
        held.pgconn.finish()
        raise NoResponse(f"The database has not responded for {silent:.1f} seconds.")


class Connection(psycopg.Connection[TupleRow], _Attended):
    """A connection that gives up its statements if the server does not answer a probe either."""

    @classmethod
    def connect(cls, conninfo: str = "", **parameters: Any) -> "Connection":
        """Connect: to the first of several hosts that answers, those last that were given up."""
        servers = hosts(parameters) if conninfo == "" else []
        if len(servers) < 2:
            held = super().connect(conninfo, **parameters)
        else:
            held = _first_of(servers, super().connect, parameters)
        _settle(held, parameters)
        return held

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Run a generator that talks to the server. Raises NoResponse."""
        return super().wait(_attend(self, gen), interval, timeout)

    def has_ended(self) -> bool:
        """Whether the server has closed the connection while it was idle, checked without a query:
        the socket is readable, and at its end."""
        try:
            while not self.closed and _readable(self.pgconn.socket):
                self.pgconn.consume_input()
        except psycopg.OperationalError:
            self.close()
        return self.closed


def _readable(socket: int) -> bool:
    poll = select.poll()
    poll.register(socket, select.POLLIN)
    return bool(poll.poll(0))


class AsyncConnection(psycopg.AsyncConnection[TupleRow], _Attended):
    """The same for asyncio."""

    @classmethod
    async def connect(cls, conninfo: str = "", **parameters: Any) -> "AsyncConnection":
        """Connect: to the first of several hosts that answers, those last that were given up."""
        servers = hosts(parameters) if conninfo == "" else []
        there: dict[str, Any] = parameters
        if len(servers) > 1:
            there = with_hosts(parameters, [await asyncio.to_thread(_find, servers, parameters)])
        held = await super().connect(conninfo, **there)
        _settle(held, parameters)
        return held

    async def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Run a generator that talks to the server. Raises NoResponse."""
        return await super().wait(_attend(self, gen), interval, timeout)
