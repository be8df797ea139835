"""The usage level of a balance, and its label."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from fusion.kernel.quantities import THRESHOLDS

NEAR, FULL, UNUSED, FINE, UNKNOWN = "near", "full", "unused", "fine", "unknown"

WORDS: dict[str, tuple[Any, str]] = {
    NEAR: (_("Nearly full"), "triangle-alert"),
    FULL: (_("All in use"), "circle-x"),
    UNUSED: (_("Unused"), ""),
    FINE: (_("Available"), ""),
    UNKNOWN: (_("Not known"), ""),
}


@dataclass(frozen=True, slots=True)
class Usage:
    """`percent` is rounded down, so that 100 means full; usage may exceed the granted quantity."""

    used: int | None
    granted: int
    percent: int
    level: str

    @property
    def word(self) -> Any:
        """The level in the reader's language."""
        return WORDS[self.level][0]

    @property
    def icon(self) -> str:
        """The icon shown with the label, if any."""
        return WORDS[self.level][1]

    @property
    def free(self) -> int:
        """The remaining quantity, never below 0."""
        return max(self.granted - (self.used or 0), 0)

    @property
    def width(self) -> int:
        """Filled per cent of the bar; visible as soon as anything is used."""
        return min(self.percent or (1 if self.used else 0), 100)


def usage_of(used: int | None, granted: int) -> Usage:
    """The usage level: nearly full from 80 % on, full when nothing is left.

    Invariant: full if and only if something was ordered or used, and nothing of it is left.
    """
    if used is None:
        return Usage(None, granted, 0, UNKNOWN)
    percent = used * 100 // granted if granted else (100 if used else 0)
    if used >= granted and used > 0:
        level = FULL
    elif percent >= THRESHOLDS[0]:
        level = NEAR
    else:
        level = FINE if used else UNUSED
    return Usage(used, granted, percent, level)
