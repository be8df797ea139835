"""The sequences of order numbers: one per group, made by `fusion migrate` and when a group is
created.
"""

import time
from uuid import UUID

from django.db import OperationalError, transaction

from fusion.kernel.database import execute, fetch_value

PATIENCE = 30.0
"""Seconds to wait for orders that a function of the previous release is still placing."""

_PAUSE = 0.05

ALL_VISIBLE = """
SELECT pg_snapshot_xmin(pg_current_snapshot()) >= %s::xid8
       OR NOT EXISTS (SELECT FROM tenancy_organization o
                      WHERE o.kind = 'group' AND to_regclass(
                          'ordering_number_' || replace(o.id::text, '-', '')) IS NULL)
"""


def make_sequence(group_id: UUID) -> None:
    """Make the sequence of a new group, in the caller's transaction."""
    execute("SELECT ordering_make_sequence(%s::uuid)", [group_id])


def start_numbers() -> int:
    """Make the missing sequences of all groups; returns how many.

    Call it after the functions have been installed. Raises OperationalError if transactions that
    began before do not end within `PATIENCE`.
    """
    _wait_for_earlier(fetch_value("SELECT pg_snapshot_xmax(pg_current_snapshot())::text"))
    with transaction.atomic():
        return int(fetch_value("SELECT ordering_start_numbers()"))


def _wait_for_earlier(horizon: str) -> None:
    """An order numbered by the old function is not visible until its transaction ends."""
    deadline = time.monotonic() + PATIENCE
    while not fetch_value(ALL_VISIBLE, [horizon]):
        if time.monotonic() > deadline:
            raise OperationalError(
                "Transactions from before the installation of the functions are still "
                "open. Run `fusion migrate` again when they have ended."
            )
        time.sleep(_PAUSE)
