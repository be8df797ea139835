"""Real clusters in separate directories; no process is left running after a test."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from fusion.embedded import Cluster, find_bindir, locks, server
from fusion.embedded.leases import stop
from tests.bounds import PATIENCE, killed_after

ROOT = Path(__file__).resolve().parents[2]
# Tests kill processes, never the machine: without fsync this loses nothing.
SMALL = {"shared_buffers": "16MB", "fsync": "off"}
DEBIAN = Path("/usr/lib/postgresql/15/bin")

HOLDER = """
import sys
from pathlib import Path
from fusion.embedded import Cluster, lease
held = lease(Cluster(Path(sys.argv[1]), None, {"shared_buffers": "16MB", "fsync": "off"}))
print(held.url, flush=True)
sys.stdin.read()
"""


@contextmanager
def open_folder() -> Iterator[Path]:
    """A directory that every user can enter, unlike pytest's own."""
    path = Path(tempfile.mkdtemp(prefix="fusion-test-", dir="/tmp"))
    path.chmod(0o755)
    yield path
    end_all(path)
    shutil.rmtree(path)


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder() as path:
        yield path


@pytest.fixture
def new_cluster(folder: Path) -> Cluster:
    """For tests that need a new cluster, or damage it."""
    return Cluster(folder / "var" / "postgres", None, SMALL)


@pytest.fixture(scope="session")
def shared_folder() -> Iterator[Path]:
    with open_folder() as path:
        yield path


@pytest.fixture
def cluster(shared_folder: Path) -> Iterator[Cluster]:
    """Stopped, with empty logs; tests share its data, which saves its creation."""
    shared = Cluster(shared_folder / "var" / "postgres", None, SMALL)
    yield shared
    end_all(shared_folder)
    for log in shared.home.glob("*.log"):
        os.truncate(log, 0)


@pytest.fixture(params=["wheel", "debian"])
def any_bindir(request: pytest.FixtureRequest) -> Path:
    if request.param == "wheel":
        return find_bindir()
    if not DEBIAN.is_dir():
        pytest.skip(f"no PostgreSQL in {DEBIAN}")
    return DEBIAN


@pytest.fixture
def holders() -> Iterator[Callable[[Cluster], subprocess.Popen[str]]]:
    """Starts processes that hold a lease until their input is closed."""
    started: list[subprocess.Popen[str]] = []

    def start(cluster: Cluster) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(cluster.data_dir)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(),
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate(timeout=PATIENCE)


def environment() -> dict[str, str]:
    """For a program that imports the package from this checkout."""
    search = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, search)),
        "PYTHONDONTWRITEBYTECODE": "1",  # an ordinary user's run leaves no files here
    }


def said_url(holder: subprocess.Popen[str]) -> str:
    assert holder.stdout is not None
    with killed_after(holder):
        url = holder.stdout.readline().strip()
    assert url.startswith("postgresql://"), "the holder has no lease"
    return url


def query(url: str, statement: str) -> str:
    """The first value, as text."""
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(statement.encode()).fetchone()
        return str(row[0]) if row else ""


def execute(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


def started_at(url: str) -> str:
    """Identifies one run of the server."""
    return query(url, "SELECT pg_postmaster_start_time()::text")


def keeper_pid(cluster: Cluster) -> int:
    return int((cluster.home / locks.KEEPER).read_text().split()[0])


def postmaster_pid(cluster: Cluster) -> int:
    pid = server.find_postmaster(cluster)
    assert pid is not None
    return pid


def is_kept(cluster: Cluster) -> bool:
    return locks.is_held(cluster.home / locks.KEEPER)


def eventually(condition: Callable[[], bool], patience: float = 10.0) -> None:
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.03)


def can_connect(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def processes_in(folder: Path) -> dict[int, str]:
    """Keepers and servers of the clusters below `folder`, by their command lines."""
    found = {}
    for name in filter(str.isdecimal, os.listdir("/proc")):
        try:
            words = Path("/proc", name, "cmdline").read_bytes().decode().split("\0")
        except OSError:
            continue
        is_ours = words[0].endswith("/postgres") or "fusion.embedded.keeper" in words
        if is_ours and any(str(folder) in word for word in words):
            found[int(name)] = " ".join(words)
    return found


def end_all(folder: Path) -> None:
    """Stop the processes below `folder`; a surviving process fails the test."""
    for lock in folder.glob(f"**/{locks.KEEPER}"):
        stop(Cluster(lock.parent))
    try:
        eventually(lambda: not processes_in(folder))
    finally:
        for pid in processes_in(folder):
            os.kill(pid, signal.SIGKILL)
