"""The calls of a working day, admitted and ended by the functions that SIP proxies call by SQL.

A year has thousands: those of one day are sent to the database at once, each with its time.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

import orjson
from django.db import connection

from fusion.kernel.past import behind

BUSY = 0.6
"""The peak of the featured trunk's channels in use."""

MOST = 4
"""Most calls of any other trunk per day: filling each trunk would take minutes."""

QUIET = 8
"""Divides the number of calls on a weekend day."""

RUSH = timedelta(minutes=15)
"""The calls of a day begin within this time and last longer: at its end all of them are live."""

# Each call is a separate statement, which sees the effects of those before it.
REPLAY = """
DO $$
DECLARE
    s record;
BEGIN
    FOR s IN
        SELECT * FROM json_to_recordset(current_setting('fusion.steps')::json) AS x (
            behind text, trunk uuid, direction text, call text, caller text, callee text)
    LOOP
        PERFORM set_config('fusion.behind', s.behind, false);
        IF s.caller IS NULL THEN
            PERFORM calls.end_call(s.trunk, s.direction, s.call);
        ELSE
            PERFORM calls.admit(s.trunk, s.direction, s.call, s.caller, s.callee, '1 hour');
        END IF;
    END LOOP;
END
$$
"""

Step = tuple[datetime, dict[str, str]]


def make_calls(
    trunks: Mapping[UUID, int], shown: UUID | None, day: datetime, random: Random
) -> None:
    """Generate calls on the trunks; `trunks` has the ordered channels of each.

    `shown` is the trunk of the featured subscription. Only inside `movable_clock`, which is left
    at the end of the last call.
    """
    counts = {
        trunk: _count(channels, trunk == shown, day, random) for trunk, channels in trunks.items()
    }
    steps = sorted(_steps(counts, day, random), key=lambda step: step[0])
    recorded = [{"behind": behind(at), **step} for at, step in steps]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('fusion.steps', %s, false)", [orjson.dumps(recorded).decode()]
        )
        cursor.execute(REPLAY)


def _count(channels: int, shown: bool, day: datetime, random: Random) -> int:
    """The number of calls of the trunk on that day."""
    most = channels * BUSY if shown else min(channels, MOST)
    quiet = QUIET if day.isoweekday() > 5 else 1
    return round(most * (0.5 + 0.5 * random.random()) / quiet)


def _steps(counts: Mapping[UUID, int], day: datetime, random: Random) -> Iterator[Step]:
    busiest = day.replace(hour=10, minute=0, second=0)
    for trunk, count in counts.items():
        for number in range(count):
            call = {
                "trunk": str(trunk),
                "direction": random.choice(("inbound", "outbound")),
                "call": f"{day:%Y%m%d}-{number}",
            }
            parties = {name: _number(random) for name in ("caller", "callee")}
            began = busiest + RUSH * random.random()
            yield began, {**call, **parties}
            yield began + RUSH * (1 + random.random()), call


def _number(random: Random) -> str:
    return f"+322555{int(random.random() * 10_000):04d}"
