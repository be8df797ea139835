"""Additional clusters: to restore a dump into, to restart, to promote."""

import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from fusion.embedded import Cluster, Lease, find_bindir, lease
from fusion.embedded.leases import stop
from tests.bounds import PATIENCE
from tests.temporary_database import run_temporary

SMALL = {"shared_buffers": "32MB", "restore_command": "false"}


class Spare:
    """A cluster of the embedded server, and operations on it."""

    def __init__(self, cluster: Cluster, held: Lease) -> None:
        self.cluster = cluster
        self._held = held

    def restore(self, dump: Path, database: str) -> str:
        """Create a database from a dump; returns its URL."""
        with psycopg.connect(self.cluster.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {database}".encode())
        url = self.cluster.url(database)
        wanted = ("--no-owner", "--no-privileges", "--exit-on-error", f"--dbname={url}")
        run("pg_restore", *wanted, str(dump))
        return url

    def restart(self) -> None:
        """Stop the server and start it again."""
        stop(self.cluster)
        lease(self.cluster).release()

    def promote(self) -> None:
        """Continue on a new timeline, as after a fail-over or a point-in-time recovery."""
        self.recover("recovery")
        lease(self.cluster).release()

    def recover(self, how: str) -> None:
        """Stop; at its next start it recovers, or is a `standby` until it is promoted."""
        stop(self.cluster)
        signal = self.cluster.data / f"{how}.signal"
        signal.touch(mode=0o600)
        owner = self.cluster.data.stat()
        os.chown(signal, owner.st_uid, owner.st_gid)

    def ensure(self) -> None:
        """Wait until it accepts connections."""
        lease(self.cluster).release()


@contextmanager
def spare_cluster(*, fast: bool = True) -> Iterator[Spare]:
    """A new cluster, durable unless `fast`; stopped and removed at the end."""
    with tempfile.TemporaryDirectory(prefix="fusion-spare-") as folder:
        home = Path(folder)
        home.chmod(0o755)
        with run_temporary(home / "postgres", settings=SMALL, fast=fast) as held:
            yield Spare(Cluster(home / "postgres", None, SMALL), held)


def dump(url: str, file: Path) -> Path:
    """Dump the database at `url`, by the command of docs/operators-guide.md."""
    run("pg_dump", "--format=custom", "--no-owner", f"--file={file}", url)
    return file


def run(program: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs; the error has its output if it fails."""
    done = subprocess.run(
        [str(find_bindir() / program), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=2 * PATIENCE,
    )
    assert done.returncode == 0, done.stderr


def ask(url: str, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """The result of a query, in a separate transaction."""
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(sql.encode(), parameters).fetchall()


def emit(world: Any, subject: str, sql: Any) -> None:
    """Write an event of the world's group through `sql(statement, parameters)`."""
    sql(
        "SELECT events_emit('test.event', %s::uuid, %s::text, NULL, %s::text, 'test', '{}'::json)",
        [world.group.id, world.tenant.path, subject],
    )
