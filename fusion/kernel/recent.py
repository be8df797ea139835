"""A value that many callers need and one computes."""

from collections.abc import Callable
from threading import Lock
from time import monotonic


class Recent[T]:
    """The result of `make`, at most `seconds` old; one caller computes it, and others wait
    for it.
    """

    def __init__(self, make: Callable[[], T], seconds: float) -> None:
        self._make = make
        self._seconds = seconds
        self._lock = Lock()
        self._value: tuple[T, float] | None = None

    def get(self) -> T:
        """The value; exceptions of `make` are raised, and not cached."""
        begun = monotonic()
        with self._lock:
            if self._value is None or begun - self._value[1] > self._seconds:
                self._value = (self._make(), monotonic())
            return self._value[0]
