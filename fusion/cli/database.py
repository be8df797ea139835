"""The database of a command: that of DATABASE_URL, or the embedded one, with a lease.

Only this module takes a lease. All other code, also in child processes, uses DATABASE_URL.
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
"""The exit code if the database is unusable."""

_leases: list[Lease] = []
"""The lease of this process, if it has one."""


@contextmanager
def database(
    *, until_stopped: bool = False, serving: bool = False, session: bool = False
) -> Iterator[None]:
    """Prepare the database and Django, and close them at the end.

    With `until_stopped` the end waits until the embedded server has stopped, unless others use it:
    for a command that leaves no process behind. With `serving` the process and its children act as
    the runtime role. With `session` the command needs its own session: CommandFailed behind a
    pooler.
    """
    if session and pooler.is_pooled():
        raise CommandFailed(pooler.SESSION, UNAVAILABLE)
    with ExitStack() as stack:
        if not setting("DATABASE_URL"):
            held = lease(Cluster(Path("var/postgres")))
            stack.callback(held.release, until_stopped=until_stopped)
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
    """The database URL for the servers and workers that this process starts."""
    return _leases[-1].server_url if _leases else os.environ["DATABASE_URL"]


def perform(
    work: str,
    *,
    migrated: bool = True,
    until_stopped: bool = False,
    serving: bool = False,
    session: bool = False,
    **options: Any,
) -> int | None:
    """Run `run(**options)` of the module named `work`, with the database ready.

    CommandFailed if the database does not belong to this release, unless `migrated` is false. The
    module is imported here: Django's models need the database's URL first, and `fusion --help`
    should not wait for them. `until_stopped`, `serving` and `session`: see `database`.
    """
    with database(until_stopped=until_stopped, serving=serving, session=session):
        if migrated:
            _require_this_release()
        code: int | None = importlib.import_module(work).run(**options)
        return code


def _check(url: str, *, serving: bool) -> None:
    """One plain connection: a pool would retry without reporting the reason."""
    parameters: dict[str, Any] = dict(connection_parameters(url))
    if "options" not in read_address(url):
        parameters.pop("options", None)  # a pooler would refuse our options before we detect it
    try:
        with psycopg.connect(**parameters) as direct:
            _check_pooler(url, direct)
            if serving:
                os.environ["DATABASE_URL"], warning = as_runtime(url, direct)
                if warning and pooler.is_pooled():
                    raise CommandFailed(pooler.OWNER.format(role=RUNTIME_ROLE), UNAVAILABLE)
                if warning:
                    click.echo(f"fusion: {warning}", err=True)
    # an invalid value of an option that psycopg itself reads
    except psycopg.ProgrammingError as error:
        raise CommandFailed(f"DATABASE_URL cannot be used: {error}", UNAVAILABLE) from None
    except psycopg.OperationalError as error:
        raise CommandFailed(f"The database cannot be reached: {error}", UNAVAILABLE) from None


def _check_pooler(url: str, direct: psycopg.Connection[Any]) -> None:
    """CommandFailed for a setting that a pooler would silently lose."""
    if pooler.is_pooled():
        pooler.refuse_options(url)
    elif pooler.leads_to_pooler(direct):
        raise CommandFailed(pooler.UNKNOWN, UNAVAILABLE)


def _require_this_release() -> None:
    """Leaves no connection open: a server forks, and processes must not share a connection."""
    try:
        obstacle = find_obstacle()
    finally:
        close_connections()
    if obstacle:
        raise CommandFailed(obstacle, UNAVAILABLE)
