"""The three locks of a cluster. The kernel releases the locks of a process that ends in any way.

lease.lock    shared by all processes that use the server; the keeper locks it exclusively if
              nobody does, and keeps it while it stops, so that new leases wait for the end
start.lock    exclusive: one process at a time starts the server and waits until it is ready
keeper.lock   exclusive: the keeper has it from before its start until its end
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fusion.embedded.errors import EmbeddedPostgresError

LEASE = "lease.lock"
START = "start.lock"
KEEPER = "keeper.lock"

SHARED = fcntl.LOCK_SH
EXCLUSIVE = fcntl.LOCK_EX

_PAUSE = 0.02


def open_owned(path: Path, flags: int) -> int:
    """Open or create a private file that belongs to the owner of its folder.

    Root may use the cluster of an ordinary user, who must still be able to use it afterwards.
    """
    fd = os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    if os.geteuid() == 0:
        folder = path.parent.stat()
        os.fchown(fd, folder.st_uid, folder.st_gid)
    return fd


def try_lock(path: Path, mode: int) -> int | None:
    """The descriptor that holds the lock; None if another process has a conflicting one."""
    fd = open_owned(path, os.O_RDWR)
    try:
        fcntl.flock(fd, mode | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return None
    return fd


def lock(path: Path, mode: int, deadline: float) -> int:
    """Wait for the lock until `deadline`, a time of the monotonic clock."""
    while (fd := try_lock(path, mode)) is None:
        if time.monotonic() > deadline:
            raise EmbeddedPostgresError(
                f"Timed out waiting for {path}: another process is still starting or "
                "stopping the database. See keeper.log next to it."
            )
        time.sleep(_PAUSE)
    return fd


@contextmanager
def held(path: Path, mode: int, deadline: float) -> Iterator[None]:
    """Wait for the lock until `deadline`, and release it at the end."""
    fd = lock(path, mode, deadline)
    try:
        yield
    finally:
        os.close(fd)


def is_held(path: Path) -> bool:
    """Whether a process holds it exclusively. Tries a shared lock: two checks do not conflict."""
    fd = try_lock(path, SHARED)
    if fd is None:
        return True
    os.close(fd)
    return False


def is_same_file(fd: int, path: Path) -> bool:
    """Whether `path` still names the opened file: its folder may have been moved or deleted."""
    try:
        return os.path.samestat(os.fstat(fd), path.stat())
    except OSError:
        return False
