"""What this process knows of the tokens that it has seen: enough to choose the sharing of a call.

It grants nothing: every statement looks its tokens up again.
"""

from dataclasses import dataclass
from uuid import UUID

from fusion.hot.database import Outcome

MOST = 10_000
"""Most tokens that are remembered."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The client of a token, and its group; neither ever changes."""

    client: UUID
    group: UUID


class Callers:
    """Checksum of a token → its caller."""

    def __init__(self) -> None:
        self._known: dict[str, Caller] = {}

    def get(self, checksum: str) -> Caller | None:
        """The caller, if it is known."""
        return self._known.get(checksum)

    def remember(self, checksum: str, outcome: Outcome) -> None:
        """Learn from an outcome who sent this token. When full, forget all: they come again."""
        if len(self._known) >= MOST:
            self._known.clear()
        self._known[checksum] = Caller(outcome.client, outcome.group)
