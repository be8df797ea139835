"""Finding a process's descendants, and killing exactly those."""

import os
import signal
from pathlib import Path


def descendants(pid: int) -> list[int]:
    """The process and all below it, the eldest first."""
    children: dict[int, list[int]] = {}
    for name in filter(str.isdecimal, os.listdir("/proc")):
        try:
            fields = Path("/proc", name, "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(name))
    found = [pid]
    for each in found:
        found += children.get(each, [])
    return found


def kill_all(pid: int) -> list[int]:
    """`kill -9` of a process and all below it; their process ids."""
    killed = descendants(pid)
    for each in killed:
        try:
            os.kill(each, signal.SIGKILL)
        except ProcessLookupError:
            continue
    return killed
