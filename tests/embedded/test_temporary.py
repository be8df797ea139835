"""A cluster for one test run leaves nothing behind, and takes nothing that was there."""

import os
import signal
from pathlib import Path

import pytest

from fusion.embedded import Cluster, EmbeddedPostgresError, lease, run_temporary
from tests.embedded.conftest import SMALL, is_kept, keeper_pid, processes_in, query


@pytest.mark.parametrize(("fast", "fsync"), [(False, "on"), (True, "off")])
def test_it_is_durable_unless_told_otherwise_and_removed(
    folder: Path, *, fast: bool, fsync: str
) -> None:
    with run_temporary(folder / "pg", fast=fast) as held:
        assert query(held.url, "SHOW fsync") == fsync
    assert not processes_in(folder)
    assert list(folder.iterdir()) == []


def test_it_is_removed_although_others_use_it_and_its_keeper_was_killed(folder: Path) -> None:
    cluster = Cluster(folder / "pg", None, SMALL)
    with run_temporary(cluster.data_dir, settings=SMALL):
        other = lease(cluster)
    assert not processes_in(folder)
    other.release()
    with run_temporary(cluster.data_dir, settings=SMALL):
        os.kill(keeper_pid(cluster), signal.SIGKILL)
    assert not processes_in(folder)
    assert list(folder.iterdir()) == []


def test_a_database_that_was_there_is_refused(cluster: Cluster) -> None:
    with lease(cluster) as held:
        with (
            pytest.raises(EmbeddedPostgresError, match="holds a database"),
            run_temporary(cluster.data_dir),
        ):
            pass
        assert is_kept(cluster)
        assert query(held.url, "SELECT 1") == "1"
