"""How long the request at hand may still wait for a connection to the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic

from fusion.kernel.environment import setting

SECONDS = float(setting("FUSION_DATABASE_POOL_WAIT"))
"""How long that is from the arrival of the request on, and for a task from when it asks. A second
short of the ten within which everybody is told that the database does not answer."""

_until: ContextVar[float | None] = ContextVar("budget", default=None)


def begin(arrived: float) -> None:
    """A request that arrived at `arrived`, of `time.monotonic()`, is being answered."""
    _until.set(arrived + SECONDS)


def end() -> None:
    """It has been answered."""
    _until.set(None)


def left() -> float:
    """Seconds that remain, 0 or less when there are none; all of them outside of a request."""
    until = _until.get()
    return SECONDS if until is None else until - monotonic()


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Within, at most `seconds` remain."""
    before = _until.set(monotonic() + min(seconds, left()))
    try:
        yield
    finally:
        _until.reset(before)
