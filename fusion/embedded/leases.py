"""Using the server: a lease keeps it running until it is released or its process ends."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from fusion.embedded import binaries, database, home, locks
from fusion.embedded.cluster import Cluster
from fusion.embedded.errors import EmbeddedPostgresError

START_TIMEOUT = 180.0  # includes a recovery after a crash
STOP_TIMEOUT = 90.0
KEEPERS = 3  # attempts, if keepers end without a reason
KEEPER_LOG_LIMIT = 1024 * 1024

_PAUSE = 0.03
_PACKAGE_ROOT = Path(__file__).resolve().parents[2]

# Keepers that this process has started; polled, so that they do not remain zombies.
_children: list[subprocess.Popen[bytes]] = []


class Lease:
    """Keeps the server running until `release` or the end of the process.

    Forked children share the lease; executed programs do not.
    """

    def __init__(self, cluster: Cluster, fd: int) -> None:
        self._cluster = cluster
        self._fd: int | None = fd

    @property
    def url(self) -> str:
        """See `Cluster.url`: it contains the password."""
        return self._cluster.url()

    @property
    def server_url(self) -> str:
        """See `Cluster.server_url`: it contains the password."""
        return self._cluster.server_url()

    def release(self, *, until_stopped: bool = False) -> None:
        """Release it. With `until_stopped`, if nobody else uses the server, wait until it has
        stopped: for a supervisor that leaves no process behind."""
        if self._fd is None:
            return
        os.close(self._fd)
        self._fd = None
        if until_stopped:
            _stop_if_unused(self._cluster)
        _reap()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def lease(cluster: Cluster) -> Lease:
    """Start the server or join the running one; its database exists when this returns.

    The lease is taken before the server is looked up, so that a server that is found is not stopped
    as unused.
    """
    try:
        home.prepare(cluster)
        deadline = time.monotonic() + START_TIMEOUT
        fd = locks.lock(cluster.home / locks.LEASE, locks.SHARED, deadline)
        try:
            _serve(cluster)
        except BaseException:
            os.close(fd)
            raise
    except OSError as error:
        raise EmbeddedPostgresError(
            f"The embedded database in {cluster.data_dir} cannot be prepared: {error}. "
            "Make the folder writable, or set DATABASE_URL."
        ) from error
    return Lease(cluster, fd)


def stop(cluster: Cluster) -> None:
    """Make the keeper stop the server now, even if it is in use, and wait until it has."""
    deadline = time.monotonic() + STOP_TIMEOUT
    lock = cluster.home / locks.KEEPER
    reported = False
    while locks.is_held(lock) and time.monotonic() < deadline:
        ids = _signed(cluster)
        if ids and not reported:
            os.kill(ids[0], signal.SIGTERM)
            reported = True
        time.sleep(_PAUSE)
        _reap()


def _stop_if_unused(cluster: Cluster) -> None:
    lock = cluster.home / locks.LEASE
    for _ in range(5):  # the keeper locks it for a moment, too, to find out whether it is free
        fd = locks.try_lock(lock, locks.EXCLUSIVE)
        if fd is not None:
            break
        time.sleep(_PAUSE)
    else:
        return
    try:
        stop(cluster)  # new leases wait for the lock meanwhile
    except PermissionError:
        return  # root's keeper, in an ordinary user's checkout: it will stop by itself
    finally:
        os.close(fd)


def _serve(cluster: Cluster) -> None:
    """Return when the server is ready and the database exists."""
    _reap()
    if _is_kept(cluster) and _has_server(cluster) and database.answers(cluster.url()) is None:
        return
    deadline = time.monotonic() + START_TIMEOUT
    with locks.held(cluster.home / locks.START, locks.EXCLUSIVE, deadline):
        started = 0
        while not (_is_up(cluster, deadline) and database.create(cluster)):
            if started == KEEPERS or time.monotonic() > deadline:
                raise EmbeddedPostgresError(
                    f"PostgreSQL in {cluster.home} was stopped repeatedly while it started. "
                    "See keeper.log there."
                )
            started += _start_keeper(cluster)


def _is_up(cluster: Cluster, deadline: float) -> bool:
    """Wait until the server is ready. False if there is no keeper, or if it ended."""
    if not _is_kept(cluster):
        return False  # the reason of a former keeper does not matter
    while _is_kept(cluster):
        obstacle = _obstacle(cluster)
        if obstacle is None:
            return True
        if "password authentication failed" in obstacle:
            raise EmbeddedPostgresError(
                f"The file {cluster.home / 'secret'} does not match the data next to it. "
                "Restore the previous file, or move the folder away to start with an empty "
                "database."
            )
        if time.monotonic() > deadline:
            raise EmbeddedPostgresError(
                f"PostgreSQL in {cluster.home} is not ready after {START_TIMEOUT:.0f} s: {obstacle}"
            )
        time.sleep(_PAUSE)
        _reap()
    if cluster.failure.exists():
        reason = cluster.failure.read_text()
        cluster.failure.unlink()
        raise EmbeddedPostgresError(reason)
    return False


def _is_kept(cluster: Cluster) -> bool:
    return locks.is_held(cluster.home / locks.KEEPER)


def _signed(cluster: Cluster) -> list[int]:
    """The process ids in the keeper's lock: its own, and its server's once that is started."""
    return [int(word) for word in (cluster.home / locks.KEEPER).read_text().split()]


def _has_server(cluster: Cluster) -> bool:
    return len(_signed(cluster)) == 2


def _obstacle(cluster: Cluster) -> str | None:
    if not _has_server(cluster):
        return "the keeper process has not started it yet"
    return database.answers(cluster.superuser_url())


def _start_keeper(cluster: Cluster) -> int:
    """Returns how many were started: 0 if another process has just started one.

    The keeper inherits the lock, which shows from the beginning that there is a keeper.
    """
    binaries.check(cluster.bindir or binaries.find_bindir())
    fd = locks.try_lock(cluster.home / locks.KEEPER, locks.EXCLUSIVE)
    if fd is None:
        return 0
    try:
        os.ftruncate(fd, 0)
        cluster.failure.unlink(missing_ok=True)
        _children.append(_spawn_keeper(cluster, fd))
    finally:
        os.close(fd)
    return 1


def _spawn_keeper(cluster: Cluster, lock_fd: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "fusion.embedded.keeper", f"--lock-fd={lock_fd}"]
    command += [
        f"--data-dir={cluster.data_dir}",
        f"--settings={json.dumps(dict(cluster.settings))}",
    ]
    if cluster.bindir is not None:
        command.append(f"--bindir={cluster.bindir}")
    search = [str(_PACKAGE_ROOT), os.environ.get("PYTHONPATH", "")]
    # Not our own output: a caller that reads it to its end would wait for the keeper's end.
    log = locks.open_owned(cluster.home / "keeper.log", os.O_WRONLY | os.O_APPEND)
    with os.fdopen(log, "ab") as output:
        if os.fstat(log).st_size > KEEPER_LOG_LIMIT:
            os.ftruncate(log, 0)
        return subprocess.Popen(
            command,
            cwd="/",
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, search))},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            process_group=0,
            pass_fds=(lock_fd,),
        )


def _reap() -> None:
    _children[:] = [child for child in _children if child.poll() is None]
