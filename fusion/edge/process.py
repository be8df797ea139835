"""One server process: how it ends, together with its supervisor and with its connections closed,
and how much memory its threads keep for themselves."""

import atexit
import ctypes
import os
import signal
import sys

from django.db import connections

_PR_SET_PDEATHSIG = 1

_M_ARENA_MAX, _ARENAS = -8, 2


def let_children_be_stopped() -> None:
    """Have children that are forked from here on die of SIGTERM while they still load.

    They inherit the supervisor's handlers, which in them would swallow the order; Granian installs
    theirs only when the application is there.
    """
    os.register_at_fork(after_in_child=_restore_signals)


def _restore_signals() -> None:
    for order in (signal.SIGTERM, signal.SIGINT):
        signal.signal(order, signal.SIG_DFL)


def settle_in(supervisor: int) -> None:
    """Tie this process to the one with the id `supervisor`, and close its pool when it ends.

    A supervisor that is killed can stop nobody: its children would keep the port. Only Linux
    tells them.
    """
    # A Ctrl-C reaches every process of the terminal, and the supervisor then tells us too. Told
    # twice at the same instant, Granian's handler waits for a lock that it holds itself.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    for database in connections.all():
        atexit.register(database.close_pool)  # type: ignore[attr-defined]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
        if os.getppid() != supervisor:  # it died before this was arranged
            sys.exit(1)


def keep_memory_small() -> None:
    """Have the threads to come share two heaps of the C library, instead of one each.

    Large answers leave each heap as large as it has ever been: about 20 MiB of a busy server's
    memory. Only glibc has heaps like these; others ignore it.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, _ARENAS)
