"""One server process: it stops with its supervisor, and closes its connections."""

import atexit
import ctypes
import os
import signal
import sys

from django.db import connections

_PR_SET_PDEATHSIG = 1


def let_children_be_stopped() -> None:
    """Restore default signal handlers in children forked from here on, so that SIGTERM stops them
    during start-up.

    They inherit the supervisor's handlers, which would swallow the signal; Granian installs its own
    only when the application is loaded.
    """
    os.register_at_fork(after_in_child=_restore_signals)


def _restore_signals() -> None:
    for order in (signal.SIGTERM, signal.SIGINT):
        signal.signal(order, signal.SIG_DFL)


def settle_in(supervisor: int) -> None:
    """Tie this process to its supervisor (a process id), and close its pool when it ends.

    A killed supervisor cannot stop its children, which would keep the port. Only Linux notifies
    them.
    """
    # Ctrl-C reaches every process of the terminal, and then the supervisor signals us too. On two
    # signals at the same instant Granian's handler waits for a lock that it holds itself.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    for database in connections.all():
        atexit.register(database.close_pool)  # type: ignore[attr-defined]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
        if os.getppid() != supervisor:  # it died before this took effect
            sys.exit(1)
