"""Root, the system user and ordinary users: who runs the server, and where it can live."""

import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from fusion.embedded import Cluster, EmbeddedPostgresError, accounts, find_bindir, lease
from fusion.embedded import home as home_module
from tests.bounds import PATIENCE
from tests.embedded.conftest import (
    HOLDER,
    SMALL,
    end_all,
    environment,
    open_folder,
    postmaster_pid,
    query,
)
from tests.embedded.interpreter import Python, python_for

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root meets this")

ORDINARY = "nobody"
DAC_READ_SEARCH = 2
"""The number of the right to read all files, in capability.h."""


@dataclass(frozen=True)
class Ordinary:
    """A user without rights, with a Python that they can run."""

    user: pwd.struct_passwd
    python: Python

    def hold(self, cluster: Cluster) -> subprocess.CompletedProcess[str]:
        """Hold a lease of that cluster, and let go of it at once."""
        return self.python.run(self.user, HOLDER, str(cluster.data_dir))


@pytest.fixture(scope="module")
def ordinary() -> Iterator[Ordinary]:
    user = pwd.getpwnam(ORDINARY)
    with open_folder() as folder:
        yield Ordinary(user, python_for(user, folder))


@pytest.fixture
def closed_folder() -> Iterator[Path]:
    """As a checkout under /root: nobody else can pass through. Its path has a space."""
    path = Path(tempfile.mkdtemp(prefix="fusion closed-", dir="/tmp"))
    yield path
    end_all(path)
    shutil.rmtree(path)


def _owner(pid: int) -> str:
    return pwd.getpwuid(Path(f"/proc/{pid}").stat().st_uid).pw_name


def _rights(pid: int) -> str:
    """The capabilities of a process that are in effect, in hexadecimal."""
    (line,) = re.findall(r"^CapEff:\s+(\w+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return str(line)


@as_root
def test_as_root_an_unprivileged_user_runs_the_server_and_owns_only_the_data(
    cluster: Cluster,
) -> None:
    with lease(cluster):
        postmaster = postmaster_pid(cluster)
        assert _owner(postmaster) in accounts.UNPRIVILEGED
        assert int(_rights(postmaster), 16) == 0
        theirs = {path.name for path in cluster.home.iterdir() if path.stat().st_uid != 0}
        assert theirs == {"data", "socket"}


@as_root
def test_a_closed_folder_stays_closed_and_serves(closed_folder: Path) -> None:
    """Data and programs in it are reached by a right to read that the server keeps."""
    package = find_bindir().parents[1]
    for part in (package, package.with_name(package.name + ".libs")):
        if part.is_dir():
            shutil.copytree(part, closed_folder / part.name)
    bindir = closed_folder / find_bindir().relative_to(package.parent)
    cluster = Cluster(closed_folder / "var" / "postgres", bindir, SMALL)
    for _ in range(2):
        with lease(cluster) as held:
            assert closed_folder.stat().st_mode & 0o777 == 0o700
            assert not cluster.data_dir.is_symlink()
            assert query(held.url, "SELECT 1") == "1"
            postmaster = postmaster_pid(cluster)
            assert os.readlink(f"/proc/{postmaster}/exe").startswith(str(closed_folder))
            assert _owner(postmaster) in accounts.UNPRIVILEGED
            assert int(_rights(postmaster), 16) == 1 << DAC_READ_SEARCH
            held.release(until_stopped=True)


@as_root
def test_data_of_a_link_and_of_another_user_is_served_as_before(folder: Path) -> None:
    """An older release ran the server as a user of its own, and kept the data elsewhere."""
    (folder / "store").mkdir()
    cluster = Cluster(folder / "postgres", None, SMALL)
    cluster.data_dir.symlink_to(folder / "store")
    with lease(cluster) as held:
        held.release(until_stopped=True)
    for path in (cluster.home / "socket", cluster.data, *cluster.data.rglob("*")):
        os.chown(path, 4711, 4711)
    with lease(cluster) as held:
        assert query(held.url, "SELECT 1") == "1"
        assert Path(f"/proc/{postmaster_pid(cluster)}").stat().st_uid == 4711
        held.release(until_stopped=True)


@as_root
def test_without_an_unprivileged_user_the_message_says_what_root_can_do(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "UNPRIVILEGED", ("fusion-no-such-user",))
    with pytest.raises(EmbeddedPostgresError, match=r"no user fusion-no-such-user.*DATABASE_URL"):
        lease(Cluster(folder / "postgres", None, SMALL))


@as_root
def test_in_a_closed_folder_the_message_says_what_root_can_do(
    closed_folder: Path,
) -> None:
    """As in a container that withholds the right."""
    python = [sys.executable, "-c", HOLDER, str(closed_folder / "postgres")]
    done = subprocess.run(
        ["setpriv", "--bounding-set=-dac_read_search", *python],
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert "move the checkout out of the closed folder" in done.stderr, done


@as_root
def test_programs_that_others_cannot_run_are_named(folder: Path) -> None:
    programs = folder / "bin"
    programs.mkdir()
    for name in ("postgres", "initdb"):
        (programs / name).write_text("#!/bin/sh\nexit 0\n")
        (programs / name).chmod(0o700)
    with pytest.raises(EmbeddedPostgresError, match=r"cannot run .*/bin/postgres: make it"):
        lease(Cluster(folder / "postgres", programs, SMALL))


@as_root
def test_an_ordinary_user_keeps_all_in_its_folder_and_root_damages_nothing(
    folder: Path, ordinary: Ordinary
) -> None:
    os.chown(folder, ordinary.user.pw_uid, ordinary.user.pw_gid)
    cluster = Cluster(folder / "var" / "postgres", None, SMALL)
    for _ in range(2):
        done = ordinary.hold(cluster)
        assert "postgresql://" in done.stdout, done.stderr
        assert not cluster.data_dir.is_symlink()
        with lease(cluster) as held:
            assert query(held.url, "SELECT 1") == "1"
            assert _owner(postmaster_pid(cluster)) == ORDINARY
            held.release(until_stopped=True)
        outsiders = [
            path for path in folder.rglob("*") if path.lstat().st_uid != ordinary.user.pw_uid
        ]
        assert [path.name for path in outsiders if path.name != "fusion.conf"] == []


@as_root
def test_another_user_reads_who_owns_the_database(cluster: Cluster, ordinary: Ordinary) -> None:
    with lease(cluster):
        done = ordinary.hold(cluster)
    assert "belongs to another user (uid 0)" in done.stderr


@as_root
def test_a_folder_for_the_socket_of_another_user_is_refused(folder: Path) -> None:
    user = pwd.getpwnam(ORDINARY)
    taken = folder / "socket"
    taken.mkdir(mode=0o700)
    with pytest.raises(EmbeddedPostgresError, match="Remove it"):
        home_module.private_folder(taken, accounts.Account(user.pw_uid, user.pw_gid))
