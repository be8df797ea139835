"""Root, the system user and ordinary users: who runs the server, and where it can live."""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from fusion.embedded import Cluster, EmbeddedPostgresError, accounts, binaries, find_bindir, lease
from fusion.embedded import home as home_module
from tests.embedded.conftest import (
    HOLDER,
    SMALL,
    end_all,
    environment,
    postmaster_pid,
    processes_in,
    query,
)

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root meets this")

ORDINARY = "nobody"


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
def test_an_ordinary_user_keeps_all_in_its_folder_and_root_spoils_nothing(folder: Path) -> None:
    user = pwd.getpwnam(ORDINARY)
    os.chown(folder, user.pw_uid, user.pw_gid)
    _require_interpreter_for(user)
    cluster = Cluster(folder / "var" / "postgres", None, SMALL)
    for _ in range(2):
        done = _hold_as(user, cluster)
        assert "postgresql://" in done.stdout, done.stderr
        assert not cluster.data_dir.is_symlink()
        with lease(cluster) as held:
            assert query(held.url, "SELECT 1") == "1"
            assert _owner(postmaster_pid(cluster)) == ORDINARY
            held.release(linger=False)
        strangers = [path for path in folder.rglob("*") if path.lstat().st_uid != user.pw_uid]
        assert [path.name for path in strangers if path.name != "fusion.conf"] == []


@as_root
def test_a_stranger_is_told_whose_database_it_is(cluster: Cluster) -> None:
    user = pwd.getpwnam(ORDINARY)
    _require_interpreter_for(user)
    with lease(cluster):
        done = _hold_as(user, cluster)
    assert "belongs to another user (uid 0)" in done.stderr


@as_root
def test_a_folder_for_the_socket_that_somebody_else_made_is_refused(folder: Path) -> None:
    user = pwd.getpwnam(ORDINARY)
    taken = folder / "socket"
    taken.mkdir(mode=0o700)
    with pytest.raises(EmbeddedPostgresError, match="remove it"):
        home_module.private_folder(taken, accounts.Account(user.pw_uid, user.pw_gid))


def _require_interpreter_for(user: pwd.struct_passwd) -> None:
    """The interpreter and the packages may lie where only this user can read."""
    tried = _run_as(user, "import psycopg, fusion.embedded; print(fusion.embedded.find_bindir())")
    if tried.returncode != 0:
        last = (tried.stderr.strip().splitlines() or ["no reason given"])[-1]
        pytest.skip(f"{ORDINARY} cannot run {sys.executable}: {last}")


def _hold_as(user: pwd.struct_passwd, cluster: Cluster) -> subprocess.CompletedProcess[str]:
    return _run_as(user, HOLDER, str(cluster.data_dir))


def _run_as(user: pwd.struct_passwd, code: str, *words: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            [sys.executable, "-c", code, *words],
            cwd="/",
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            user=user.pw_uid,
            group=user.pw_gid,
            extra_groups=[],
        )
    except PermissionError as error:
        return subprocess.CompletedProcess(error.filename, 126, "", str(error))
