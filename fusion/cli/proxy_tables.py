"""`fusion proxy-tables`."""

import subprocess
import time
from pathlib import Path
from uuid import UUID

import click
from django.db import close_old_connections
from django.db.utils import DatabaseError, InterfaceError

from fusion.access.actor import GROUP
from fusion.cli.arguments import find_for_operator
from fusion.cli.errors import CommandFailed
from fusion.trunks.proxy_tables import write_tables

COMMAND_SECONDS = 30
"""How long the command that reloads a table may take."""


def run(*, directory: Path, group_id: UUID | None, every: int | None, reload: str | None) -> None:
    """Write the tables once, or again whenever they change; prints the names of changed ones."""
    if group_id is not None:
        _, organization = find_for_operator(group_id)
        if organization.kind != GROUP:
            raise click.UsageError(f"{group_id} is a {organization.kind}. Use the id of a group.")
    waiting = _write(directory, group_id)
    while True:
        if reload is not None:
            waiting = [name for name in waiting if not _reload(reload, name)]
        if every is None:
            if reload is not None and waiting:
                raise CommandFailed(f"not reloaded: {', '.join(waiting)}", 1)
            return
        time.sleep(every)
        try:
            close_old_connections()
            changed = _write(directory, group_id)
        except (DatabaseError, InterfaceError, CommandFailed) as error:
            click.echo(f"fusion: {error}; trying again in {every} s", err=True)
            continue
        waiting += [name for name in changed if name not in waiting]


def _write(directory: Path, group_id: UUID | None) -> list[str]:
    try:
        changed = write_tables(directory, group_id)
    except OSError as error:
        raise CommandFailed(f"{directory}: {error.strerror or error}", 1) from None
    for name in changed:
        click.echo(f"{directory / name}: written")
    return changed


def _reload(command: str, name: str) -> bool:
    """Whether the command succeeded; its output is shown if it did not."""
    try:
        done = subprocess.run(
            [*command.split(), name],
            capture_output=True,
            text=True,
            check=False,
            timeout=COMMAND_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        click.echo(f"fusion: {error}", err=True)
        return False
    if done.returncode != 0:
        click.echo(f"fusion: {command} {name}: {done.stderr.strip() or done.stdout}", err=True)
    return done.returncode == 0
