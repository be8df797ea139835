"""Generating history in demo and test databases; only the owner of the database functions can.

Changes made while the clock is set back are recorded with past instants, by the usual use cases,
constraints and triggers. Nothing is rewritten afterwards.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.db import connection

from fusion.kernel.clock import set_back
from fusion.kernel.database import execute

REPLACED = """
CREATE OR REPLACE FUNCTION kernel_now() RETURNS timestamptz
LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
    SELECT clock_timestamp()
           - coalesce(nullif(current_setting('fusion.behind', true), ''), '0')::interval
$$;
CREATE OR REPLACE FUNCTION kernel_at(p_at timestamptz[], p_now timestamptz) RETURNS timestamptz[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ARRAY(SELECT coalesce(w.at, p_now)
                 FROM unnest(p_at) WITH ORDINALITY AS w(at, nth) ORDER BY w.nth)
$$;
"""

REAL = Path(__file__).with_name("now.sql").read_text(encoding="utf-8")


@contextmanager
def movable_clock() -> Iterator[Callable[[datetime], None]]:
    """Yields a function that sets the clock to a past instant; the clock runs on from there.

    Affects this process only: `now()`, and `kernel_now()` in this thread's connection, which must
    stay open. Other users of the database see the real time. At the end the clock is right again.
    Set it forward only: the ledger does not expect the clock to go back.
    """

    def go_to(at: datetime) -> None:
        set_back(datetime.now(UTC) - at)
        execute("SELECT set_config('fusion.behind', %s, false)", [behind(at)])

    as_owner(REPLACED)
    try:
        yield go_to
    except BaseException:
        set_back(timedelta(0))
        if not connection.in_atomic_block:  # otherwise it is rolled back with everything else
            as_owner(REAL)
        raise
    set_back(timedelta(0))
    as_owner(REAL)


def behind(at: datetime) -> str:
    """How far `at` is in the past, in the format of the setting `fusion.behind`."""
    return f"{(datetime.now(UTC) - at).total_seconds():.6f} s"


def as_owner(statement: str) -> None:
    """Execute a statement as the owner, even if the process acts as the runtime role."""
    execute("SET ROLE NONE")
    execute(statement)
    execute("RESET ROLE")
