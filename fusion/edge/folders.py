"""The folder in which the processes of one server keep the numbers that they share."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def metrics_folder(var: Path) -> Iterator[Path]:
    """A fresh folder under `var`, for this user alone, removed at the end.

    A server that was killed leaves its folder behind: whose lock is free belongs to nobody.
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
    """The folder itself is what is locked; None when somebody has it, or when it is gone."""
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
