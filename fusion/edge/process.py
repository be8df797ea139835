"""One server process: how it ends, together with its supervisor and with its connections closed."""

import atexit
import ctypes
import os
import signal
import sys

from django.db import connections

_PR_SET_PDEATHSIG = 1


def settle_in(supervisor: int) -> None:
    """Tie this process to the one with the id `supervisor`, and close its pool when it ends.

    A supervisor that is killed can stop nobody: its children would keep the port. Only Linux
    tells them.
    """
    for database in connections.all():
        atexit.register(database.close_pool)  # type: ignore[attr-defined]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
        if os.getppid() != supervisor:  # it died before this was arranged
            sys.exit(1)
