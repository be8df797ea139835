"""What happens at an exact instant: the database's clock stands still there."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import transaction

from fusion.kernel.past import as_owner

MOMENT = timedelta(microseconds=1)
"""The least difference between two instants in the database."""


@contextmanager
def still_clock() -> Iterator[Callable[[datetime], None]]:
    """Yields a function that sets `kernel_now()` of this thread; at the end all is rolled back."""

    def go_to(at: datetime) -> None:
        as_owner(
            "CREATE OR REPLACE FUNCTION kernel_now() RETURNS timestamptz"
            " LANGUAGE sql VOLATILE PARALLEL SAFE AS"
            f" $$ SELECT '{at.isoformat()}'::timestamptz $$"
        )

    with transaction.atomic():
        yield go_to
        transaction.set_rollback(True)
