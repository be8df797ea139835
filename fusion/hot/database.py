"""Making hot calls in the database, with the connections of the process's pool."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

import orjson
import psycopg
from django.db import connection
from psycopg.rows import TupleRow

from fusion.access.hot_route import HotRoute, Members
from fusion.hot.sharing import Waiting
from fusion.hot.statements import alone, together
from fusion.kernel.postgresql.connections import Connection
from fusion.kernel.postgresql.pool import Pool

AGAIN = 0
"""Not an answer: the call must be made again, see `numbers_select_free`."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a hot route: its members, and the checksum of its caller's token.

    Calls that have one of `names` in common never share a transaction.
    """

    route: HotRoute
    members: Members
    checksum: str
    is_repeatable: bool
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Who called, in which group, and the answer: its status, and whether it is a replay."""

    client: UUID
    group: UUID
    status: int
    is_replay: bool
    text: str


def make_alone(call: Call) -> Outcome | None:
    """The outcome of one call; None if the token is not valid, or lacks the permission.

    Raises psycopg's errors. A repeatable call is made again if its connection was dead.
    """
    rows = _fetch(
        alone(call.route),
        [orjson.dumps(call.members).decode(), call.checksum],
        is_repeatable=call.is_repeatable,
    )
    if not rows or rows[0][2] is None:
        return None
    client, group, answer = rows[0]
    return _outcome(client, group, answer)


def make_together(group: UUID, waiting: Sequence[Waiting[Call]]) -> None:
    """Make several calls of one route and group in one transaction, and set their outcomes.

    Those that are left must go alone: others hold their locks, their caller may not make them, or
    the transaction failed. If nobody knows whether it failed, those that are not repeatable get the
    error.
    """
    route = waiting[0].call.route
    parameters = [
        [each.call.checksum for each in waiting],
        orjson.dumps([each.call.members for each in waiting]).decode(),
        group,
        group,
        group,
    ]
    try:
        rows = _fetch(together(route), parameters, is_repeatable=False)
    except psycopg.Error as error:
        if error.sqlstate is None:  # the connection broke, maybe after the commit
            for each in waiting:
                each.error = None if each.call.is_repeatable else error
        return
    for nth, client, answer in rows:
        outcome = _outcome(client, group, answer)
        if outcome.status != AGAIN:
            waiting[nth - 1].outcome = outcome


def _outcome(client: UUID, group: UUID, answer: str) -> Outcome:
    return Outcome(client, group, int(answer[:3]), answer[3] == "r", answer[4:])


def _fetch(sql: str, parameters: Sequence[Any], *, is_repeatable: bool) -> list[TupleRow]:
    held = borrow()
    try:
        return held.execute(sql.encode(), parameters).fetchall()
    except psycopg.OperationalError:
        if not (is_repeatable and held.closed):
            raise
        if not held.gave_up:
            _pool().check()  # the other connections have probably died too
    finally:
        give_back(held)
    return _fetch(sql, parameters, is_repeatable=False)


def borrow() -> Connection:
    """A connection of the process's pool; PoolTimeout if none is free within the budget."""
    return _pool().getconn()


def give_back(held: Connection) -> None:
    """Return the connection to the pool."""
    _pool().putconn(held)


def _pool() -> Pool:
    pool = cast(Pool, connection.pool)  # type: ignore[attr-defined]
    if pool.closed:
        pool.open()
    return pool
