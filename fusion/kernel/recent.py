"""A value that many ask for and one works out."""

from collections.abc import Callable
from threading import Lock
from time import monotonic


class Recent[T]:
    """What `make` gave at most `seconds` ago; one caller makes it, and others wait for that."""

    def __init__(self, make: Callable[[], T], seconds: float) -> None:
        self._make = make
        self._seconds = seconds
        self._lock = Lock()
        self._value: tuple[T, float] | None = None

    def get(self) -> T:
        """The value; what `make` raises is raised, and not kept."""
        begun = monotonic()
        with self._lock:
            if self._value is None or begun - self._value[1] > self._seconds:
                self._value = (self._make(), monotonic())
            return self._value[0]
