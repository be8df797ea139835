"""Limits how many requests the application answers at a time."""

from collections import deque
from collections.abc import Callable
from threading import Lock

import structlog

log = structlog.get_logger(__name__)

Job = Callable[[], None]


class Threads:
    """Runs at most `limit` jobs at a time, each in the thread that submits it; others are queued.

    A queued job runs in the first thread that has finished its own.
    """

    def __init__(self, limit: int) -> None:
        self._free = limit
        self._waiting: deque[Job] = deque()
        self._lock = Lock()

    def run(self, job: Job) -> None:
        """Run `job` and then the queued ones, or queue it."""
        with self._lock:
            if not self._free:
                self._waiting.append(job)
                return
            self._free -= 1
        following: Job | None = job
        while following is not None:
            try:
                following()
            except Exception:
                log.exception("a request failed outside the application")
            following = self._next()

    def _next(self) -> Job | None:
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            self._free += 1
            return None
