"""Child processes that run as the server's user and end with their parent."""

import ctypes
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from fusion.embedded.accounts import Account
from fusion.embedded.errors import EmbeddedPostgresError

_DEATH = signal.SIGKILL
_NOT_EXECUTABLE, _NOT_FOUND = 126, 127
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def spawn(
    command: Sequence[str],
    account: Account,
    *,
    cwd: Path,
    output: IO[bytes],
    death_signal: signal.Signals,
    environment: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start `command` as `account`; it gets `death_signal` when this process dies.

    Only Linux sends such a signal. Elsewhere a server outlives a killed keeper, and the next
    keeper adopts it. The environment is not inherited: the server must not see PGPORT, PGDATA or
    the application's secrets.
    """
    as_root = os.geteuid() == 0 and not account.reads_all
    return subprocess.Popen(
        [*_passing_everywhere(account, death_signal), *command],
        cwd=cwd,
        env={"PATH": os.defpath, "LC_ALL": "C", **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        user=account.uid if as_root else None,
        group=account.gid if as_root else None,
        extra_groups=[] if as_root else None,
        umask=0o077,
        # Runs after the change of user, which would clear the signal again. The keeper has one
        # thread, so a function between fork and exec is safe.
        preexec_fn=_bind_to_parent(death_signal),  # noqa: PLW1509
    )


def try_program(program: Path, account: Account) -> None:
    """EmbeddedPostgresError unless `account` can run `program`. Only root uses another account."""
    if os.geteuid() != 0:
        return
    with tempfile.TemporaryFile() as output:
        try:
            command = [str(program), "--version"]
            child = spawn(command, account, cwd=Path("/"), output=output, death_signal=_DEATH)
            code = child.wait()
        except OSError:
            code = _NOT_FOUND
    if code in (_NOT_EXECUTABLE, _NOT_FOUND) or (code and account.reads_all):
        advice = (
            "move the checkout out of the closed folder"
            if account.reads_all
            else "make it readable for all (chmod -R go+rX)"
        )
        raise EmbeddedPostgresError(
            f"PostgreSQL does not run as root, and the user with uid {account.uid} cannot run "
            f"{program}: {advice}, run as an ordinary user, or set DATABASE_URL."
        )


def _passing_everywhere(account: Account, death_signal: signal.Signals) -> list[str]:
    """The program that keeps root's right to enter closed folders, and drops all others."""
    if not account.reads_all:
        return []
    capability = "+dac_read_search"
    return [
        "setpriv",
        f"--reuid={account.uid}",
        f"--regid={account.gid}",
        "--clear-groups",
        f"--inh-caps={capability}",
        f"--ambient-caps={capability}",
        "--securebits=+no_setuid_fixup",  # else the kernel ignores the right
        f"--pdeathsig={death_signal.name.removeprefix('SIG')}",
    ]


def act_as(account: Account, action: Callable[[], None]) -> None:
    """Run `action` in a process of the server's user, and wait for it.

    In most containers even root may not inspect another user's processes, but that user may.
    """
    if os.geteuid() != 0:
        action()
        return
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([])
            os.setgid(account.gid)
            os.setuid(account.uid)
            action()
        finally:
            os._exit(0)
    os.waitpid(pid, 0)


def _bind_to_parent(death_signal: signal.Signals) -> Callable[[], None] | None:
    if _LIBC is None:
        return None
    parent = os.getpid()

    def bind() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:  # it died before this took effect
            os._exit(1)

    return bind
