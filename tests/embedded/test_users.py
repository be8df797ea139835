"""Root, the system user and ordinary users: who runs the server, and where it can live."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from fusion.embedded import Cluster, EmbeddedPostgresError, accounts, binaries, find_bindir, lease
from fusion.embedded import home as home_module
from tests.embedded.conftest import (
    HOLDER,
    SMALL,
    end_all,
    open_folder,
    postmaster_pid,
    processes_in,
    query,
)
from tests.embedded.interpreter import Python, python_for

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root meets this")

ORDINARY = "nobody"


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
    """As a checkout under /root: nobody else can pass through."""
    path = Path(tempfile.mkdtemp(prefix="fusion-closed-", dir="/tmp"))
    before = set(_stored())
    yield path
    end_all(path)
    for link in filter(Path.is_symlink, path.glob("var/*")):
        shutil.rmtree(link.resolve())
    shutil.rmtree(path)
    for copy in set(_stored()) - before:
        shutil.rmtree(copy, ignore_errors=True)


def _stored() -> list[Path]:
    return list(home_module.STORE.iterdir()) if home_module.STORE.exists() else []


def _owner(pid: int) -> str:
    return pwd.getpwuid(Path(f"/proc/{pid}").stat().st_uid).pw_name


@as_root
def test_for_root_a_system_user_runs_the_server_and_owns_no_more_than_the_data(
    cluster: Cluster,
) -> None:
    with lease(cluster):
        assert _owner(postmaster_pid(cluster)) == accounts.SYSTEM_USER
        theirs = {path.name for path in cluster.home.iterdir() if path.stat().st_uid != 0}
        assert theirs == {"data", "socket"}


@as_root
def test_a_closed_folder_stays_closed_and_serves(closed_folder: Path) -> None:
    cluster = Cluster(closed_folder / "var" / "postgres", None, SMALL)
    with lease(cluster) as held:
        assert closed_folder.stat().st_mode & 0o777 == 0o700
        assert cluster.data_dir.is_symlink()
        assert cluster.home.parent == home_module.STORE
        assert query(held.url, "SELECT 1") == "1"
        moved = shutil.copy(cluster.data_dir, closed_folder / "copy", follow_symlinks=False)
        with lease(Cluster(Path(moved), None, SMALL)) as same:
            assert same.url == held.url
            assert len(processes_in(cluster.home)) == 1
        held.release(linger=False)


@as_root
def test_programs_in_a_closed_folder_are_copied_once(closed_folder: Path) -> None:
    package = find_bindir().parents[1]
    for part in (package, package.with_name(package.name + ".libs")):
        if part.is_dir():
            shutil.copytree(part, closed_folder / part.name)
    bindir = closed_folder / find_bindir().relative_to(package.parent)
    with (bindir / "postgres").open("ab") as file:
        file.write(b"\0")  # so that it is not a copy that was there before
    cluster = Cluster(closed_folder / "var" / "postgres", bindir, SMALL)
    with lease(cluster) as held:
        assert query(held.url, "SELECT 1") == "1"
        program = os.readlink(f"/proc/{postmaster_pid(cluster)}/exe")
        assert program.startswith(str(home_module.STORE))
        copies = _stored()
        assert str(binaries.reachable(bindir, home_module.store)) == os.path.dirname(program)
        assert _stored() == copies
        held.release(linger=False)


@as_root
def test_a_system_user_that_cannot_be_created_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "SYSTEM_USER", "fusion-no-such-user")
    monkeypatch.setattr(accounts, "_ATTEMPTS", 1)
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(EmbeddedPostgresError, match=r"fusion-no-such-user.*no program useradd"):
        accounts.system_account()


@as_root
def test_an_ordinary_user_keeps_all_in_its_folder_and_root_spoils_nothing(
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
            held.release(linger=False)
        strangers = [
            path for path in folder.rglob("*") if path.lstat().st_uid != ordinary.user.pw_uid
        ]
        assert [path.name for path in strangers if path.name != "fusion.conf"] == []


@as_root
def test_another_user_learns_who_owns_the_database(cluster: Cluster, ordinary: Ordinary) -> None:
    with lease(cluster):
        done = ordinary.hold(cluster)
    assert "belongs to another user (uid 0)" in done.stderr


@as_root
def test_a_folder_for_the_socket_that_somebody_else_made_is_refused(folder: Path) -> None:
    user = pwd.getpwnam(ORDINARY)
    taken = folder / "socket"
    taken.mkdir(mode=0o700)
    with pytest.raises(EmbeddedPostgresError, match="Remove it"):
        home_module.private_folder(taken, accounts.Account(user.pw_uid, user.pw_gid))
