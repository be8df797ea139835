"""Whatever is killed, and wherever: the next lease serves, and nothing committed is lost."""

import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psycopg
import pytest

from fusion.embedded import (
    Cluster,
    EmbeddedPostgresError,
    find_bindir,
    lease,
    processes,
    server,
)
from fusion.embedded.accounts import server_account
from fusion.embedded.keeper import ATTEMPTS
from tests.bounds import PATIENCE
from tests.embedded.conftest import (
    SMALL,
    can_connect,
    eventually,
    execute,
    is_kept,
    keeper_pid,
    postmaster_pid,
    processes_in,
    query,
    said_url,
    started_at,
)

Holders = Callable[[Cluster], subprocess.Popen[str]]
TABLE = "DROP TABLE IF EXISTS kept; CREATE TABLE kept (value int); INSERT INTO kept VALUES (7)"


def test_a_killed_keeper_stops_the_server_and_the_next_lease_starts_a_new_one(
    cluster: Cluster,
) -> None:
    with lease(cluster) as held:
        execute(held.url, TABLE)
        run = started_at(held.url)
        os.kill(keeper_pid(cluster), signal.SIGKILL)
        eventually(lambda: not is_kept(cluster))
        with lease(cluster) as newcomer:
            assert started_at(newcomer.url) != run
            assert query(held.url, "SELECT value FROM kept") == "7"
    assert "not properly shut down" not in cluster.log.read_text()


def test_a_new_lease_restarts_the_server_for_all(cluster: Cluster) -> None:
    with lease(cluster) as held:
        os.kill(keeper_pid(cluster), signal.SIGKILL)
        eventually(lambda: not can_connect(held.url))
        lease(cluster).release()
        assert query(held.url, "SELECT 1") == "1"


def test_a_killed_server_is_restarted_for_its_users(cluster: Cluster) -> None:
    with lease(cluster) as held:
        execute(held.url, TABLE)
        for _ in range(ATTEMPTS + 1):
            killed = postmaster_pid(cluster)
            os.kill(killed, signal.SIGKILL)
            eventually(partial(_is_another_one, cluster, killed))
            eventually(lambda: can_connect(held.url))
            assert query(held.url, "SELECT value FROM kept") == "7"


def _is_another_one(cluster: Cluster, killed: int) -> bool:
    return server.find_postmaster(cluster) not in (None, killed)


def test_a_busy_backend_of_a_killed_server_does_not_hold_up_the_next(cluster: Cluster) -> None:
    with lease(cluster) as held, psycopg.connect(held.url) as connection:
        backend = connection.info.backend_pid

        def be_busy() -> None:
            with pytest.raises(psycopg.OperationalError):
                connection.execute("SELECT count(*) FROM generate_series(1, 1e10::bigint)")

        busy = threading.Thread(target=be_busy, daemon=True)
        busy.start()
        active = f"SELECT state = 'active' FROM pg_stat_activity WHERE pid = {backend}"
        eventually(lambda: query(held.url, active) == "True")
        os.kill(postmaster_pid(cluster), signal.SIGKILL)
        busy.join(10)
        assert not busy.is_alive()
        eventually(lambda: can_connect(held.url))


def kill_at_once(*pids: int) -> None:
    """Stop all before the first is killed: a keeper shuts its server down when its holders are
    gone.
    """
    for wanted in (signal.SIGSTOP, signal.SIGKILL):
        for pid in pids:
            os.kill(pid, wanted)


def test_after_all_is_killed_it_simply_works_again(cluster: Cluster, holders: Holders) -> None:
    holder = holders(cluster)
    execute(said_url(holder), TABLE)
    kill_at_once(holder.pid, *processes_in(cluster.home))
    with lease(cluster) as held:
        assert query(held.url, "SELECT value FROM kept") == "7"
    assert "not properly shut down" in cluster.log.read_text()


@pytest.mark.parametrize("outsider", ["alive", "zombie", "empty"])
def test_a_stale_pid_file_is_ignored(cluster: Cluster, outsider: str) -> None:
    with lease(cluster) as held:
        held.release(until_stopped=True)
    account = server_account(cluster.home)
    as_root = os.geteuid() == 0
    # Of the server's own user: PostgreSQL itself overlooks the processes of others.
    other = subprocess.Popen(
        ["sleep", "60" if outsider == "alive" else "0"], user=account.uid if as_root else None
    )
    if outsider == "zombie":
        eventually(lambda: Path(f"/proc/{other.pid}/cmdline").read_bytes() == b"")
    pid_file = cluster.data / "postmaster.pid"
    lines = f"{other.pid}\n{cluster.data}\n1\n5432\n{cluster.socket_dir}\n\n"
    pid_file.write_text("" if outsider == "empty" else lines)
    (cluster.socket_dir / ".s.PGSQL.5432.lock").write_text(lines)
    if as_root:
        os.chown(pid_file, account.uid, account.gid)
    try:
        with lease(cluster) as held:
            assert query(held.url, "SELECT 1") == "1"
    finally:
        other.kill()
        other.wait(PATIENCE)


def test_a_killed_initdb_leaves_nothing_half_done(new_cluster: Cluster, holders: Holders) -> None:
    holder = holders(new_cluster)
    eventually(lambda: bool(list(new_cluster.data_dir.glob("initdb-*/data/base"))))
    kill_at_once(holder.pid, keeper_pid(new_cluster))
    assert not new_cluster.data.exists()
    with lease(new_cluster) as held:
        assert query(held.url, "SELECT 1") == "1"
    assert not list(new_cluster.home.glob("initdb-*"))


def test_a_server_that_outlived_its_keeper_is_adopted_and_stopped_in_the_end(
    cluster: Cluster,
) -> None:
    with lease(cluster) as held:
        held.release(until_stopped=True)
    bindir = find_bindir()
    with cluster.log.open("ab") as output:
        survivor = processes.spawn(
            [str(bindir / "postgres"), "-D", str(cluster.data)],
            server_account(cluster.home, bindir),
            cwd=cluster.data,
            output=output,
            death_signal=signal.SIGINT,
        )
    try:
        eventually(lambda: can_connect(cluster.url()))
        run = started_at(cluster.url())
        with lease(cluster) as held:
            assert started_at(held.url) == run
            assert postmaster_pid(cluster) == survivor.pid
            held.release(until_stopped=True)
        assert survivor.wait(5) == 0
    finally:
        survivor.kill()
        survivor.wait(PATIENCE)


def test_a_server_that_cannot_start_says_why(cluster: Cluster) -> None:
    broken = Cluster(cluster.data_dir, None, {**SMALL, "no_such_setting": "on"})
    with pytest.raises(EmbeddedPostgresError) as refused:
        lease(broken)
    said = str(refused.value)
    assert "unrecognized configuration parameter" in said
    assert "postgres.log" in said
    assert "\n" not in said
    assert not is_kept(cluster)
    cluster.failure.write_text("a keeper of some time ago gave up")
    with lease(cluster) as held:
        assert query(held.url, "SELECT 1") == "1"


def test_programs_that_are_missing_are_named_before_anything_starts(folder: Path) -> None:
    with pytest.raises(
        EmbeddedPostgresError, match=r"/nowhere does not contain PostgreSQL.*DATABASE_URL"
    ):
        lease(Cluster(folder / "postgres", Path("/nowhere")))
    assert not (folder / "postgres" / "data").exists()


def test_another_secret_is_recognised(cluster: Cluster) -> None:
    with lease(cluster) as held:
        held.release(until_stopped=True)
    file = cluster.home / "secret"
    own = file.read_text()
    file.write_text("another")
    try:
        with pytest.raises(EmbeddedPostgresError, match=r"secret.* does not match"):
            lease(cluster)
    finally:
        file.write_text(own)


def _remove(folder: Path) -> None:
    """Remove a folder in which a server still writes: a file may come while its folder goes."""

    def emptied() -> bool:
        shutil.rmtree(folder, ignore_errors=True)
        return not folder.exists()

    eventually(emptied)


def test_a_deleted_folder_ends_its_server_and_a_new_one_begins_empty(new_cluster: Cluster) -> None:
    with lease(new_cluster) as held:
        execute(held.url, TABLE)
        old = keeper_pid(new_cluster)
        _remove(new_cluster.data_dir)
        with lease(new_cluster) as fresh:
            assert query(fresh.url, "SELECT to_regclass('kept') IS NULL") == "True"
            eventually(lambda: old not in processes_in(new_cluster.home))
