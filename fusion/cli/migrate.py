"""`fusion migrate`: the tables, the database functions, and the epoch of the change feed."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import click
from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.backends.utils import CursorWrapper
from django.db.migrations.executor import MigrationExecutor
from psycopg.errors import LockNotAvailable

from fusion.cli.database import close_connections
from fusion.cli.errors import CommandFailed
from fusion.kernel.functions import install_functions
from fusion.kernel.runtime_role import prepare_runtime_role
from fusion.ordering.start_numbers import start_numbers
from fusion.trunks.prepare import prepare_calls

LOCK_TIMEOUT = "5s"
"""How long a step waits for a table: all queries that come later queue up behind it."""


def run() -> None:
    """Bring the database to this release; says what it did."""
    with _alone():
        try:
            _migrate()
            files = install_functions()
            sequences = start_numbers()
            notes = prepare_calls() + prepare_runtime_role()
        except OperationalError as error:
            raise _explain(error) from error
        with connection.cursor() as cursor:
            cursor.execute("SELECT events_epoch()")
            (epoch,) = cursor.fetchone()
    click.echo(f"functions: {files} files installed")
    click.echo(f"order numbers: {sequences or 'no'} sequences made")
    click.echo(f"feed: epoch {epoch}")
    for line in notes:
        click.echo(line)


@contextmanager
def _alone() -> Iterator[None]:
    """Two that run at once take turns; the second then finds nothing to do.

    The lock and the time-out are the session's: it is closed at the end, whatever has happened.
    """
    with connection.cursor() as cursor:
        # Asked again and again: an index that is made concurrently waits for all statements that
        # began before, and would wait for one that waits for its migration.
        while not _try_to_lock(cursor):
            time.sleep(0.1)
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [LOCK_TIMEOUT])
    try:
        yield
    finally:
        close_connections()


def _try_to_lock(cursor: CursorWrapper) -> bool:
    cursor.execute("SELECT pg_try_advisory_lock(hashtextextended('fusion migrate', 0))")
    return bool(cursor.fetchone()[0])


def _migrate() -> None:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    call_command("migrate", verbosity=0, interactive=False)
    for migration, _ in plan:
        click.echo(f"migration: {migration.app_label}.{migration.name}")
    click.echo(f"migrations: {len(plan) or 'none'} applied")


def _explain(error: OperationalError) -> Exception:
    if not isinstance(error.__cause__, LockNotAvailable):
        return error
    return CommandFailed(
        f"A table stayed locked by others for more than {LOCK_TIMEOUT}, so this step was given up "
        "and undone. Run `fusion migrate` again when their transactions have ended.",
        3,
    )
