"""A cluster for one test run leaves nothing behind, and takes nothing that was there."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fusion.embedded import Cluster, EmbeddedPostgresError, lease
from fusion.embedded.database import answers
from tests.embedded.conftest import is_kept, keeper_pid, processes_in, query
from tests.events.clusters import spare_cluster
from tests.server import wait_for
from tests.temporary_database import run_temporary


def test_it_is_durable_and_removed_although_others_use_it(folder: Path) -> None:
    with run_temporary(folder / "pg", settings={"shared_buffers": "16MB"}) as held:
        assert query(held.url, "SHOW fsync") == "on"
        other = lease(Cluster(folder / "pg"))
    assert not processes_in(folder)
    assert list(folder.iterdir()) == []
    other.release()


def test_a_fast_one_is_removed_although_its_keeper_was_killed(folder: Path) -> None:
    with run_temporary(folder / "pg", fast=True) as held:
        assert query(held.url, "SHOW fsync") == "off"
        os.kill(keeper_pid(Cluster(folder / "pg")), signal.SIGKILL)
    assert not processes_in(folder)
    assert list(folder.iterdir()) == []


def test_a_database_that_was_there_is_refused(cluster: Cluster) -> None:
    with lease(cluster) as held:
        with (
            pytest.raises(EmbeddedPostgresError, match="contains a database"),
            run_temporary(cluster.data_dir),
        ):
            pass
        assert is_kept(cluster)
        assert query(held.url, "SELECT 1") == "1"


def test_one_that_still_recovers_is_waited_for() -> None:
    """It answers questions meanwhile, but takes no changes."""
    with spare_cluster() as spare, ThreadPoolExecutor() as pool:
        url = spare.cluster.superuser_url()
        spare.recover("standby")
        ready = pool.submit(spare.ensure)
        wait_for(lambda: "recovering" in (answers(url) or ""), "a server that recovers")
        assert not ready.done()
        assert query(url, "SELECT pg_promote()") == "True"
        ready.result(30)
        assert answers(url) is None
