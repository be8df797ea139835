"""Processor time of the server's and the database's processes, from the operating system.

On a machine that others use, rates depend on them; processor time per request depends on them less.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bench.stage import VAR, Stage

TICK = os.sysconf("SC_CLK_TCK")


@dataclass
class Used:
    """Seconds of processor time (user and system) since the measurement began."""

    server: float = 0.0
    database: float = 0.0


@contextmanager
def measured(stage: Stage) -> Iterator[Used]:
    """Yields what is filled in at the end: the time that was used inside."""
    used = Used()
    postmaster = int(next(VAR.rglob("postmaster.pid")).read_text().split()[0])
    begun = _seconds(stage.server), _seconds(postmaster)
    yield used
    used.server = _seconds(stage.server) - begun[0]
    used.database = _seconds(postmaster) - begun[1]


def _seconds(pid: int) -> float:
    """Of a process and its children, those that have ended included."""
    return sum(map(_own, _tree(pid)))


def _tree(pid: int) -> Iterator[int]:
    yield pid
    with suppress(OSError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            yield from _tree(int(child))


def _own(pid: int) -> float:
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / TICK
    return 0.0
