"""`kill -9` of PostgreSQL, all of it, under a load of orders; it is durable here."""

import os
from pathlib import Path

import httpx

from fusion.embedded import Cluster
from fusion.embedded.server import find_postmaster
from tests.events.clusters import ask, dump, spare_cluster
from tests.faults.load import Load, check
from tests.faults.processes import kill_all
from tests.server import fusion, run_server, wait_for
from tests.world import World


def test_all_of_postgresql_is_killed(world: World, tmp_path: Path) -> None:
    world.token(world.group)
    backup = dump(os.environ["DATABASE_URL"], tmp_path / "fusion.dump")
    with spare_cluster(fast=False) as spare:
        url = spare.restore(backup, "faults")
        assert ask(url, "SHOW synchronous_commit") == [("on",)]
        environment = {"DATABASE_URL": url}
        granted = fusion("migrate", environment=environment)  # privileges are not in a dump
        assert granted.returncode == 0, granted.stderr
        options = ("--workers", "2", "--threads", "4")
        with run_server(tmp_path / "log", *options, environment=environment) as server:
            load = Load(world, server.url)
            for _ in range(2):
                load.wait_for_more(40)
                _kill(spare.cluster)
                # The same server answers again, by itself.
                load.wait_for_more(40)
            result = load.stop()
            assert server.process.poll() is None
            # No 503 is due: an order with a key is sent again over a new connection.
            assert not result.outcomes["no answer"], result.outcomes
            check(world, server.url, url, result)
            assert httpx.get(f"{server.url}/readyz").status_code == 200
        books = fusion("verify", environment=environment)
        assert books.returncode == 0, books.stdout


def _kill(cluster: Cluster) -> None:
    """Kill the postmaster and its children, and see that another one comes."""
    postmaster = find_postmaster(cluster)
    assert postmaster is not None
    killed = kill_all(postmaster)
    assert len(killed) > 5

    def is_another() -> bool:
        return find_postmaster(cluster) not in (None, postmaster)

    wait_for(is_another, "the keeper starts PostgreSQL again")
