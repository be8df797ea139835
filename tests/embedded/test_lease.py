"""Who uses the server finds it, together with others, and the last one out has it stopped."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from fusion.embedded import Cluster, lease
from fusion.embedded.keeper import LOG_LIMIT
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


def test_it_serves_durably_in_utf8_to_a_plain_role(folder: Path, any_bindir: Path) -> None:
    cluster = Cluster(folder / "postgres", any_bindir, {"work_mem": "5MB"})
    with lease(cluster) as held:
        assert (
            query(held.url, "SELECT current_database() || ' ' || current_user") == "fusion fusion"
        )
        assert (
            query(held.url, "SELECT rolsuper::text FROM pg_roles WHERE rolname = 'fusion'")
            == "false"
        )
        assert query(held.url, "SHOW server_encoding") == "UTF8"
        assert query(held.url, "SHOW timezone") == "UTC"
        assert query(held.url, "SHOW work_mem") == "5MB", "a setting given overrides"
        for durable in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
            assert query(held.url, f"SHOW {durable}") == "on"
        execute(held.url, "CREATE DATABASE another")
        assert query(cluster.url("another"), "SELECT current_database()") == "another"
        held.release(until_stopped=True)
    assert not processes_in(folder)


def test_the_last_one_out_has_it_stopped_cleanly(cluster: Cluster) -> None:
    first, second = lease(cluster), lease(cluster)
    execute(
        first.url,
        "DROP TABLE IF EXISTS kept; CREATE TABLE kept (value int); INSERT INTO kept VALUES (7)",
    )
    run = started_at(first.url)
    first.release()
    first.release()  # a second time does nothing
    second.release()
    with lease(cluster) as soon:
        assert started_at(soon.url) == run, "two uses in a row share one run"
    eventually(lambda: not is_kept(cluster))
    assert "database system is shut down" in cluster.log.read_text()
    assert not (cluster.data / "postmaster.pid").exists()
    with lease(cluster) as later:
        assert query(later.url, "SELECT value FROM kept") == "7"
    assert "recovery" not in cluster.log.read_text()


def test_processes_that_begin_at_once_share_one_server(
    new_cluster: Cluster, holders: Holders
) -> None:
    urls = {said_url(holder) for holder in [holders(new_cluster) for _ in range(4)]}
    assert len(urls) == 1
    log = (new_cluster.home / "keeper.log").read_text()
    assert log.count("started the server") == 1


def test_a_killed_process_releases_its_lease(cluster: Cluster, holders: Holders) -> None:
    holder, other = holders(cluster), holders(cluster)
    url = said_url(holder)
    said_url(other)
    holder.kill()
    holder.wait(PATIENCE)
    assert can_connect(url), "another one still uses it"
    other.kill()
    other.wait(PATIENCE)
    eventually(lambda: not is_kept(cluster))
    assert not can_connect(url)


def test_a_newcomer_never_meets_a_server_that_is_stopping(cluster: Cluster) -> None:
    for _ in range(5):
        held = lease(cluster)
        leaving = threading.Thread(target=held.release, kwargs={"until_stopped": True})
        leaving.start()
        with lease(cluster) as newcomer:
            leaving.join(PATIENCE)
            assert query(newcomer.url, "SELECT 1") == "1"


def test_stop_ignores_leases_and_the_next_lease_restarts(cluster: Cluster) -> None:
    with lease(cluster) as held:
        run = started_at(held.url)
        os.kill(keeper_pid(cluster), signal.SIGTERM)
        with lease(cluster) as newcomer:
            assert started_at(newcomer.url) != run
            assert can_connect(held.url), "the address stays the same"


def test_the_keeper_is_of_the_session_and_a_ctrl_c_does_not_reach_it(
    cluster: Cluster, holders: Holders
) -> None:
    holder = holders(cluster)
    url = said_url(holder)
    keeper, postmaster = keeper_pid(cluster), postmaster_pid(cluster)
    assert os.getsid(keeper) == os.getsid(postmaster) == os.getsid(holder.pid)
    assert os.getpgid(keeper) == os.getpgid(postmaster) != os.getpgid(holder.pid)
    with lease(cluster):
        os.killpg(holder.pid, signal.SIGINT)
        holder.wait(PATIENCE)
        run = started_at(url)
        assert (keeper, postmaster) == (keeper_pid(cluster), postmaster_pid(cluster))
        assert started_at(url) == run


def test_a_path_may_be_long_and_hold_any_character(folder: Path) -> None:
    cluster = Cluster(folder / "a b%2F'\"\\,;é" / ("long" * 30) / "postgres", None, SMALL)
    with lease(cluster) as held:
        assert query(held.url, "SELECT 1") == "1"
        assert cluster.socket_dir.parent == Path("/tmp")
        assert cluster.socket_dir.stat().st_mode & 0o777 == 0o700
        held.release(until_stopped=True)
    assert not cluster.socket_dir.exists()
    shorter = Cluster(folder / "a 'b%2F\"é" / "postgres", None, SMALL)
    with lease(shorter) as held:
        assert shorter.socket_dir == shorter.home / "socket"
        assert query(held.url, "SELECT 1") == "1"


def test_no_password_is_shown_anywhere(cluster: Cluster) -> None:
    with lease(cluster) as held:
        password = cluster.password("fusion")
        assert password in held.url
        assert cluster.password("postgres") != password
        shown = cluster.log.read_text() + (cluster.home / "keeper.log").read_text()
        shown += "".join(processes_in(cluster.home).values()) + repr(held) + repr(cluster)
        assert password not in shown
        assert (cluster.home / "secret").stat().st_mode & 0o777 == 0o600
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(held.url.replace(password, "guessed"))


def test_the_log_does_not_grow_for_ever(cluster: Cluster) -> None:
    with lease(cluster) as held:
        os.truncate(cluster.log, LOG_LIMIT + 1)
        eventually(lambda: cluster.log.stat().st_size < LOG_LIMIT)
        assert cluster.log.with_name("postgres.log.1").stat().st_size == LOG_LIMIT + 1
        with pytest.raises(psycopg.Error):
            execute(held.url, "SELECT no_such_column")
        eventually(lambda: "no_such_column" in cluster.log.read_text())
        assert "\0" not in cluster.log.read_text(), "the server goes on at the new beginning"


def test_a_new_lease_does_not_restart_the_server(cluster: Cluster) -> None:
    with lease(cluster) as held:
        run = started_at(held.url)
        lease(cluster).release()
        assert started_at(held.url) == run
