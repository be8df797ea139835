"""The thread that enforces timeouts: bodies that do not arrive, responses that nobody reads."""

import os
from collections.abc import Callable
from threading import Event, Lock, Thread
from time import monotonic

import structlog

log = structlog.get_logger(__name__)

PERIOD = 0.25
"""Seconds between two checks."""

KEPT = 600
"""Seconds that a truncated response may wait for its reader."""


class Watch:
    """Runs the timers that are due, and ends truncated responses once their readers continue."""

    def __init__(self) -> None:
        self._due: dict[object, tuple[float, Callable[[], None]]] = {}
        self._pipes: dict[int, tuple[float, bytes]] = {}
        self._lock = Lock()
        self._stopped = Event()
        Thread(target=self._run, name="watch", daemon=True).start()

    def at(self, when: float, owner: object, act: Callable[[], None]) -> None:
        """Call `act` at `when` (monotonic seconds), unless `owner` is removed before."""
        self._due[owner] = (when, act)

    def remove(self, owner: object) -> None:
        """Remove everything registered for `owner`."""
        self._due.pop(owner, None)

    def finish(self, pipe: int, last: bytes) -> None:
        """Write `last` into the pipe when there is room, and close it."""
        with self._lock:
            self._pipes[pipe] = (monotonic() + KEPT, last)

    def _run(self) -> None:
        while not self._stopped.wait(PERIOD):
            now = monotonic()
            for owner, (when, act) in list(self._due.items()):
                if when <= now and self._due.pop(owner, None) is not None:
                    try:
                        act()
                    except Exception:
                        log.exception("a request could not be ended")
            for pipe, (until, last) in list(self._pipes.items()):
                if now > until or _written(pipe, last):
                    del self._pipes[pipe]
                    os.close(pipe)


def _written(pipe: int, last: bytes) -> bool:
    """Whether `last` was written, or the pipe has no reader any more."""
    try:
        os.write(pipe, last)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
