"""The database of a command: the one that DATABASE_URL names, or the embedded one, leased.

Only here is a lease taken. Everything else, this process's children included, finds DATABASE_URL.
"""

import importlib
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import click
import django
import psycopg
from django.db import connections

from fusion.cli.errors import CommandFailed
from fusion.edge.readiness import find_obstacle
from fusion.embedded import Cluster, Lease, lease
from fusion.kernel import pooler
from fusion.kernel.environment import setting
from fusion.kernel.postgresql.parameters import connection_parameters, read_address
from fusion.kernel.runtime_role import RUNTIME_ROLE, as_runtime

UNAVAILABLE = 3
"""The exit code when the database cannot be used."""

_leases: list[Lease] = []
"""The lease of this process, where it has one."""


@contextmanager
def database(
    *, linger: bool = True, serving: bool = False, session: bool = False
) -> Iterator[None]:
    """Have a database and Django ready; what was opened is closed at the end.

    With `linger=False` the end waits until the embedded server has been stopped, unless others
    use it: for a command that leaves no process behind. With `serving` the process and its
    children act as the runtime role. With `session` the command needs a session to itself, which a
    pooler does not give: CommandFailed there.
    """
    if session and pooler.is_pooled():
        raise CommandFailed(pooler.SESSION, UNAVAILABLE)
    with ExitStack() as stack:
        if not setting("DATABASE_URL"):
            held = lease(Cluster(Path("var/postgres")))
            stack.callback(held.release, linger=linger)
            os.environ["DATABASE_URL"] = held.server_url if serving else held.url
            _leases.append(held)
        _check(os.environ["DATABASE_URL"], serving=serving)
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fusion.settings")
        django.setup()
        stack.callback(close_connections)
        yield


def close_connections() -> None:
    """Close this process's connections and their pool, whose threads must not be forked."""
    for connection in connections.all(initialized_only=True):
        connection.close()
        if hasattr(connection, "close_pool"):
            connection.close_pool()


def server_url() -> str:
    """The address for the servers and workers that this process starts."""
    return _leases[-1].server_url if _leases else os.environ["DATABASE_URL"]


def perform(
    work: str,
    *,
    migrated: bool = True,
    linger: bool = True,
    serving: bool = False,
    session: bool = False,
    **options: Any,
) -> int | None:
    """Run `run(**options)` of the module named `work`, with the database at hand.

    CommandFailed when the database is not that of this release, unless `migrated` is false. The
    module is loaded by name and only now: Django's models cannot be imported before it is known
    where the database is, and `fusion --help` should not wait for them. `linger`, `serving` and
    `session`: see `database`.
    """
    with database(linger=linger, serving=serving, session=session):
        if migrated:
            _require_this_release()
        code: int | None = importlib.import_module(work).run(**options)
        return code


def _check(url: str, *, serving: bool) -> None:
    """One plain connection: a pool would try again and again, and not say why."""
    parameters: dict[str, Any] = dict(connection_parameters(url))
    if "options" not in read_address(url):
        parameters.pop("options", None)  # a pooler would refuse ours, before it is known for one
    try:
        with psycopg.connect(**parameters) as direct:
            _check_pooler(url, direct)
            if serving:
                os.environ["DATABASE_URL"], warning = as_runtime(url, direct)
                if warning and pooler.is_pooled():
                    raise CommandFailed(pooler.OWNER.format(role=RUNTIME_ROLE), UNAVAILABLE)
                if warning:
                    click.echo(f"fusion: {warning}", err=True)
    except psycopg.ProgrammingError as error:  # a value that psycopg itself reads
        raise CommandFailed(f"DATABASE_URL cannot be used: {error}", UNAVAILABLE) from None
    except psycopg.OperationalError as error:
        raise CommandFailed(f"The database cannot be reached: {error}", UNAVAILABLE) from None


def _check_pooler(url: str, direct: psycopg.Connection[Any]) -> None:
    """Nothing that a pooler would lose may get lost unnoticed."""
    if pooler.is_pooled():
        pooler.refuse_options(url)
    elif pooler.leads_to_pooler(direct):
        raise CommandFailed(pooler.UNTOLD, UNAVAILABLE)


def _require_this_release() -> None:
    """Leaves no connection open: a server forks, and a fork must not share one."""
    try:
        obstacle = find_obstacle()
    finally:
        close_connections()
    if obstacle:
        raise CommandFailed(obstacle, UNAVAILABLE)
