"""`fusion migrate`: the tables, the database functions, and the epoch of the change feed."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from psycopg.errors import LockNotAvailable

from fusion.catalogue.install_metrics import install_metrics
from fusion.cli.database import close_connections
from fusion.cli.errors import CommandFailed
from fusion.kernel.database import fetch_value
from fusion.kernel.functions import (
    SCHEMA,
    SERVED,
    SchemaMismatch,
    finish_upgrade,
    install_functions,
)
from fusion.kernel.group_keys import finish_keys
from fusion.kernel.lock_budget import LockBudget
from fusion.kernel.runtime_role import grant_tables, prepare_runtime_role
from fusion.ordering.start_numbers import start_numbers
from fusion.trunks.prepare import prepare_calls

TRY_TO_LOCK = "SELECT pg_try_advisory_lock(hashtextextended('fusion migrate', 0))"

_PAUSE = 1.0


def run(*, finish: bool = False, wait: int = 0) -> None:
    """Bring the database to this release; prints the changes.

    With `finish`, and in a new database, also remove what only servers of former releases use.
    `wait`: seconds for which a step retries a locked table.
    """
    with _alone():
        try:
            is_new = not MigrationRecorder(connection).applied_migrations()
            _persist(_migrate, wait)
            created = _persist(install_metrics, wait)
            files = _persist(install_functions, wait)
            sequences = start_numbers()
            notes = prepare_calls() + prepare_runtime_role()
            removed = _finish(wait) if finish or is_new else []
        except SchemaMismatch as error:
            raise CommandFailed(f"{error}. Nothing was changed.", 3) from error
        except OperationalError as error:
            raise _explain(error, wait) from error
        epoch = fetch_value("SELECT events_epoch()")
        oldest = fetch_value("SELECT oldest FROM kernel_schema")
    if created:
        click.echo(f"catalogue: {created} {'SKU' if created == 1 else 'SKUs'} created")
    click.echo(f"functions: {files or 'no'} {'file' if files == 1 else 'files'} installed")
    click.echo(
        f"order numbers: {sequences or 'no'} {'sequence' if sequences == 1 else 'sequences'} made"
    )
    for line in [*_describe(removed if finish else None, oldest), f"feed: epoch {epoch}", *notes]:
        click.echo(line)


def _finish(wait: int) -> list[str]:
    _persist(finish_keys, wait)
    return _persist(finish_upgrade, wait)


def _describe(removed: list[str] | None, oldest: int) -> Iterator[str]:
    if removed is not None:
        for routine in removed:
            yield f"removed: {routine}"
        yield f"upgrade: finished, {len(removed) or 'no'} functions of former releases removed"
    if oldest < SCHEMA:
        yield (
            f"schema: {SCHEMA}, serving releases from schema {SERVED} on. When no server or worker"
            " of a former release is left, run: fusion migrate --finish"
        )
    else:
        yield f"schema: {SCHEMA}"


@contextmanager
def _alone() -> Iterator[None]:
    """Of two concurrent runs, the second waits, and then finds nothing to do.

    Lock and time-out belong to the session, which is always closed at the end.
    """
    # Polled: CREATE INDEX CONCURRENTLY waits for all statements that began before it, and would
    # wait for one that waits for this lock.
    while not fetch_value(TRY_TO_LOCK):
        time.sleep(0.1)
    try:
        with connection.execute_wrapper(LockBudget()):
            yield
    finally:
        close_connections()


def _persist[T](step: Callable[[], T], wait: int) -> T:
    """Retry a step while a table is locked; waiting queries run between the attempts."""
    deadline = time.monotonic() + wait
    while True:
        try:
            return step()
        except OperationalError as error:
            if not isinstance(error.__cause__, LockNotAvailable) or time.monotonic() > deadline:
                raise
        time.sleep(_PAUSE)


def _migrate() -> None:
    """Applied migrations remain if a later one fails."""
    executor = MigrationExecutor(connection)
    executor.progress_callback = _follow
    leaves = executor.loader.graph.leaf_nodes()
    plan = executor.migration_plan(leaves)
    if plan:
        executor.migrate(leaves, plan)
    call_command("migrate", verbosity=0, interactive=False)  # the steps after all migrations
    click.echo(f"migrations: {len(plan) or 'none'} applied")


def _follow(action: str, migration: Migration | None = None, fake: bool | None = False) -> None:
    """Called at each step: a migration's tables can be used by all servers once it is applied."""
    if migration is not None and action == "apply_success":
        grant_tables()
        click.echo(f"migration: {migration.app_label}.{migration.name}")


def _explain(error: OperationalError, wait: int) -> Exception:
    if not isinstance(error.__cause__, LockNotAvailable):
        return error
    return CommandFailed(
        f"Other transactions kept a table locked for {wait} seconds, so this step was "
        "rolled back. Run `fusion migrate` again when they have ended.",
        3,
    )
