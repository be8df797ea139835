"""Rate limits: a token bucket per name, in the memory of one process."""

import threading
import time
from collections import OrderedDict

from fusion.kernel.errors import Problem


class RateLimit:
    """Admits `per_minute` requests per name, also as one burst. 0: no limit.

    Keeps `remembered` names; the least recently used one is dropped and starts again.
    """

    def __init__(self, per_minute: int, *, remembered: int = 10_000) -> None:
        self.per_minute = per_minute
        self._remembered = remembered
        self._seen: OrderedDict[str, tuple[float, float]] = OrderedDict()  # name → left, at
        self._lock = threading.Lock()

    def admit(self, name: str) -> None:
        """Take one token from the bucket of `name`; Problem `rate-limited` if it is empty."""
        if not self.per_minute:
            return
        wait = self._take(name, time.monotonic())
        if wait > 0:
            raise Problem(
                "rate-limited",
                f"The limit is {self.per_minute} requests per minute. Wait {wait} seconds.",
                headers={"Retry-After": str(wait)},
            )

    def _take(self, name: str, now: float) -> int:
        """0 if a token was taken, else the whole seconds until one is available."""
        per_second = self.per_minute / 60
        with self._lock:
            left, at = self._seen.pop(name, (float(self.per_minute), now))
            left = min(self.per_minute, left + (now - at) * per_second)
            admitted = left >= 1
            self._seen[name] = (left - 1 if admitted else left, now)
            if len(self._seen) > self._remembered:
                self._seen.popitem(last=False)
        return 0 if admitted else int((1 - left) / per_second) + 1
