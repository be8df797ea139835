"""The directory in which the processes of one server keep their shared metrics."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def metrics_folder(var: Path) -> Iterator[Path]:
    """A new directory under `var`, accessible to this user only, removed at the end.

    A killed server leaves its directory behind; one whose lock is free is removed.
    """
    home = var / "metrics"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in home.iterdir():
        lock = _lock(left)
        if lock is not None:
            shutil.rmtree(left, ignore_errors=True)
            os.close(lock)
    folder = Path(tempfile.mkdtemp(dir=home))
    held = _lock(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if held is not None:
            os.close(held)


def _lock(folder: Path) -> int | None:
    """Lock the directory itself; None if it is locked or was removed."""
    try:
        fd = os.open(folder, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(fd)
        return None
    return fd
