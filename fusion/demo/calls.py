"""The calls of a working day, admitted and ended by the functions that SIP proxies call by SQL.

A year has thousands: those of a day go to the database at once, with the instant of each.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

import orjson
from django.db import connection

from fusion.kernel.past import behind

MOST = 8
"""Calls of one trunk on one day, all in its busy hour."""

# Each is done in a statement of its own, which sees what those before have done.
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


def make_calls(trunks: Mapping[UUID, int], day: datetime, random: Random) -> None:
    """Let the trunks be called; `trunks` has the channels that are ordered for each.

    For the `movable_clock` alone, which is left at the end of the last call.
    """
    steps = sorted(_steps(trunks, day, random), key=lambda step: step[0])
    told = [{"behind": behind(at), **step} for at, step in steps]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('fusion.steps', %s, false)", [orjson.dumps(told).decode()]
        )
        cursor.execute(REPLAY)


def _steps(trunks: Mapping[UUID, int], day: datetime, random: Random) -> Iterator[Step]:
    midnight = day.replace(hour=0, minute=0, second=0)
    for trunk, channels in trunks.items():
        for number in range(1 + int(random.random() * min(channels, MOST))):
            call = {
                "trunk": str(trunk),
                "direction": random.choice(("inbound", "outbound")),
                "call": f"{day:%Y%m%d}-{number}",
            }
            parties = {name: _number(random) for name in ("caller", "callee")}
            began = midnight + timedelta(hours=10 + random.random())
            yield began, {**call, **parties}
            yield began + timedelta(minutes=2 + 20 * random.random()), call


def _number(random: Random) -> str:
    return f"+322555{int(random.random() * 10_000):04d}"
