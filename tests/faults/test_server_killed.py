"""`kill -9` of the server under a load of orders."""

import os
import signal
from pathlib import Path

import pytest

from fusion.cli.verify import differences
from tests.bounds import PATIENCE
from tests.faults.load import Load, check
from tests.faults.processes import descendants, kill_all
from tests.server import run_server
from tests.world import World


def test_all_of_the_server_is_killed(world: World, tmp_path: Path) -> None:
    world.token(world.group)
    with run_server(tmp_path / "log", "--workers", "2", "--threads", "4") as server:
        load = Load(world, server.url)
        load.wait_for_more(40)
        kill_all(server.process.pid)
        server.process.wait(PATIENCE)
        result = load.stop()
    assert result.unknown, "nobody was hit"
    with run_server(tmp_path / "log", "--workers", "2") as server:
        check(world, server.url, os.environ["DATABASE_URL"], result)
    assert differences() == []


def test_one_of_its_processes_is_killed_and_the_server_goes_on(
    world: World, tmp_path: Path
) -> None:
    world.token(world.group)
    with run_server(tmp_path / "log", "--workers", "2", "--threads", "4") as server:
        load = Load(world, server.url)
        load.wait_for_more(20)
        workers = descendants(server.process.pid)[1:]
        serving = [pid for pid in workers if _is_serving(pid)]
        if not serving:
            pytest.fail(f"no server process among {workers}")
        os.kill(serving[-1], signal.SIGKILL)
        load.wait_for_more(40)
        result = load.stop()
        assert server.process.poll() is None
        check(world, server.url, os.environ["DATABASE_URL"], result)
    assert differences() == []


def _is_serving(pid: int) -> bool:
    """Python starts a helper of its own beside the server processes."""
    return b"resource_tracker" not in Path("/proc", str(pid), "cmdline").read_bytes()
