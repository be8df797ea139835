"""Expiry: reservations expire and quarantines end. Workers sweep every few seconds.

The numbers themselves are the queue: the next worker finds what fell due while none ran. Several
workers share the work, one subscription at a time, each step in its own transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import structlog
from django.db import DatabaseError

from fusion.kernel.database import fetch_row, fetch_value, first_row
from fusion.kernel.postgresql.outage import outage_of

log = structlog.get_logger(__name__)

ACTOR = "system:worker"

STEP = 500
"""Most numbers in one step."""

# The subscription whose numbers have been due longest. Numbers with an approved port request are
# left to its date. Those that this sweep has skipped, because another transaction held them or
# because of a fault, are left to the next sweep.
NEXT = """
SELECT w.subscription_id, ARRAY(
    SELECT n.e164 FROM numbers_number n
    WHERE n.subscription_id = w.subscription_id AND n.until <= (SELECT kernel_now())
      AND n.port_id IS NULL
      AND n.e164 <> ALL (%(faulty)s::text[])
    ORDER BY n.e164 LIMIT %(step)s::int)
FROM numbers_number w
WHERE w.until <= (SELECT kernel_now()) AND w.port_id IS NULL
  AND w.subscription_id <> ALL (%(passed)s::uuid[]) AND w.e164 <> ALL (%(faulty)s::text[])
ORDER BY w.until LIMIT 1
"""


@dataclass(slots=True)
class Sweep:
    """One sweep: which subscriptions and numbers it has skipped."""

    request_id: str
    passed: list[UUID] = field(default_factory=list)
    faulty: list[str] = field(default_factory=list)

    def step(self, limit: int) -> int | None:
        """Expire what is due in one subscription; returns how many numbers, or None when nothing is
        left.
        """
        parameters: dict[str, Any] = {
            "passed": self.passed,
            "faulty": self.faulty,
            "step": min(limit, STEP),
        }
        found = fetch_row(NEXT, parameters)
        if found is None:
            return None
        subscription_id, numbers = found
        settled = self._expire(subscription_id, numbers)
        if not settled:
            self.passed.append(subscription_id)
        return settled

    def _expire(self, subscription_id: UUID, numbers: Sequence[str]) -> int:
        """Together or, if that fails, one by one: a faulty number does not block the others."""
        try:
            count = fetch_value(
                "SELECT numbers_expire(%s::uuid, %s::text[], %s::text, %s::text)",
                [subscription_id, list(numbers), ACTOR, self.request_id],
            )
            return count or 0
        except DatabaseError as error:
            if outage_of(error):
                raise
            if len(numbers) > 1:
                return sum(self._expire(subscription_id, [number]) for number in numbers)
            log.exception("number could not be expired", number=numbers[0])
            self.faulty.extend(numbers)
            return 0


def sweep_numbers(*, limit: int = 10_000, request_id: str = "") -> int:
    """Expire up to `limit` reservations and quarantines that are due; returns how many.

    Ends early when other transactions hold all that is left.
    """
    first_row("SELECT 1")
    sweep = Sweep(request_id)
    settled = 0
    while settled < limit:
        count = sweep.step(limit - settled)
        if count is None:
            break
        settled += count
    if settled:
        log.info("numbers swept", numbers=settled)
    return settled
