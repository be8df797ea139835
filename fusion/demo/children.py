"""The child processes of the demonstration: in its session and group, and never outliving it."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 40.0
"""Seconds that a process may take to end; a server's requests in progress have 30."""

LOG_LIMIT = 10 * 1024 * 1024
"""Size in bytes at which a log is truncated at the next start."""

_PR_SET_PDEATHSIG = 1


class DemoFailed(Exception):
    """The demo cannot continue; one sentence gives the reason and where to look."""


@dataclass(slots=True)
class Child:
    """A running `fusion` command."""

    name: str
    log: Path
    process: subprocess.Popen[bytes]

    def require_alive(self) -> None:
        """DemoFailed if it has ended."""
        code = self.process.poll()
        if code is not None:
            how = f"exit code {code}" if code >= 0 else signal.Signals(-code).name
            raise DemoFailed(f"The {self.name} has ended ({how}). {self._last_words()}")

    def _last_words(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return f"Its log, {self.log}, ends with: {lines[-1] if lines else '(nothing)'}"


@contextmanager
def running(
    *, logs: Path, environment: Mapping[str, str], **commands: tuple[str, ...]
) -> Iterator[list[Child]]:
    """Run each `fusion` command under its name, and stop them all at the end."""
    logs.mkdir(parents=True, exist_ok=True)
    children: list[Child] = []
    try:
        for name, arguments in commands.items():
            children.append(_start(name, arguments, logs / f"{name}.log", environment))
        yield children
    finally:
        _stop(children)


def _start(
    name: str, arguments: tuple[str, ...], log: Path, environment: Mapping[str, str]
) -> Child:
    with log.open("ab") as output:
        if output.tell() > LOG_LIMIT:
            output.truncate(0)
        process = subprocess.Popen(
            [sys.executable, "-m", "fusion.cli", *arguments],
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            preexec_fn=_first_thing(os.getpid()),  # noqa: PLW1509  (no threads yet)
        )
    return Child(name, log, process)


def _first_thing(parent: int) -> Callable[[], None]:
    """Runs in a child before it becomes the command, so that only its parent stops it.

    It ignores Ctrl-C, which the terminal sends to all processes: two signals at the same instant
    can hang a server. If its parent is killed, the kernel signals the child (on Linux).
    """
    prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None

    def prepare() -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        if prctl is not None:
            prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
            if os.getppid() != parent:  # it died before this took effect
                os._exit(1)

    return prepare


def _stop(children: list[Child]) -> None:
    deadline = time.monotonic() + PATIENCE
    for child in children:
        if child.process.poll() is None:
            child.process.terminate()
    for child in children:
        try:
            child.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.process.kill()
            child.process.wait()
