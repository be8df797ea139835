"""A standby of an additional cluster: created by pg_basebackup, streaming, for promotion."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from fusion.embedded import Cluster, find_bindir
from fusion.embedded.accounts import server_account
from fusion.embedded.configuration import FILE, render
from fusion.embedded.processes import spawn
from fusion.embedded.server import find_postmaster
from tests.bounds import PATIENCE
from tests.events.clusters import SMALL, ask, run
from tests.faults.processes import descendants
from tests.server import wait_for

STREAMING = "SELECT sync_state FROM pg_stat_replication WHERE state = 'streaming'"


@contextmanager
def standby_of(primary: Cluster) -> Iterator[Cluster]:
    """A hot standby, without which `primary` acknowledges no commit; stopped and removed."""
    with tempfile.TemporaryDirectory(prefix="fusion-standby-") as folder:
        Path(folder).chmod(0o755)
        cluster = Cluster(Path(folder), None, SMALL)
        process = _start(primary, cluster)
        try:
            wait_for(lambda: _has_standby(primary), "the standby is streaming")
            yield cluster
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(PATIENCE)


def _start(primary: Cluster, cluster: Cluster) -> subprocess.Popen[bytes]:
    """The programs find a cluster by its directory; the passwords derive from the secret."""
    shutil.copy(primary.home / "secret", cluster.home / "secret")
    (cluster.home / FILE).write_text(render(str(cluster.socket_dir), SMALL))
    address = f"--dbname={primary.superuser_url()}"
    run("pg_basebackup", address, f"--pgdata={cluster.data}", "--write-recovery-conf", "-cfast")
    cluster.socket_dir.mkdir(mode=0o700, exist_ok=True)
    bindir = find_bindir()
    account = server_account(cluster.home, bindir)
    if os.geteuid() == 0:
        for path in (cluster.socket_dir, cluster.data, *cluster.data.rglob("*")):
            os.chown(path, account.uid, account.gid)
    with cluster.log.open("ab") as log:
        process = spawn(
            [str(bindir / "postgres"), "-D", str(cluster.data)],
            account,
            cwd=cluster.data,
            output=log,
            death_signal=signal.SIGINT,
        )
    with psycopg.connect(primary.superuser_url(), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        connection.execute("SELECT pg_reload_conf()")
    return process


def _has_standby(primary: Cluster) -> bool:
    return ask(primary.superuser_url(), STREAMING) == [("sync",)]


def promote(standby: Cluster) -> None:
    """Promote it; returns when it accepts writes."""
    assert ask(standby.superuser_url(), "SELECT pg_promote(true, 30)") == [(True,)]


@contextmanager
def stopped(cluster: Cluster) -> Iterator[None]:
    """Inside, all processes of PostgreSQL are stopped (SIGSTOP): the kernel accepts connections,
    and nothing answers."""
    postmaster = find_postmaster(cluster)
    assert postmaster is not None
    os.kill(postmaster, signal.SIGSTOP)
    still = descendants(postmaster)
    try:
        for pid in still[1:]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in still:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
