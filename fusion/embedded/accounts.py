"""The operating system's user that PostgreSQL runs as.

PostgreSQL refuses to run as root. An ordinary user runs it as itself. Root runs it as the owner of
the cluster's folder, so that it may work in somebody's checkout and spoil nothing there; and where
the folder is root's own, as a system user that exists for this alone.
"""

import os
import pwd
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from fusion.embedded.errors import EmbeddedPostgresError

SYSTEM_USER = "fusion-postgres"

_ATTEMPTS = 20


@dataclass(frozen=True)
class Account:
    """A user and group to run a program as."""

    uid: int
    gid: int


def server_account(home: Path) -> Account:
    """Who runs the server of the cluster in `home`."""
    folder = home.stat()
    if os.geteuid() == 0:
        return system_account() if folder.st_uid == 0 else Account(folder.st_uid, folder.st_gid)
    if folder.st_uid != os.geteuid():
        raise EmbeddedPostgresError(
            f"The database in {home} belongs to another user (uid {folder.st_uid}): "
            "run as that user or as root, or move the folder away to begin with an empty one."
        )
    return Account(os.geteuid(), os.getegid())


def system_account() -> Account:
    """The system user, created when missing.

    Another process may be creating it, or hold the lock of the password file: only the
    look-up tells, so it is repeated.
    """
    reason = "it does not exist"
    for _ in range(_ATTEMPTS):
        try:
            entry = pwd.getpwnam(SYSTEM_USER)
        except KeyError:
            reason = _create_system_user() or reason
            time.sleep(0.1)
        else:
            return Account(entry.pw_uid, entry.pw_gid)
    raise EmbeddedPostgresError(
        f"PostgreSQL does not run as root and the system user {SYSTEM_USER} cannot be created "
        f"({reason}): create it, run as an ordinary user, or set DATABASE_URL."
    )


def _create_system_user() -> str:
    """Why it failed, or nothing."""
    path = os.environ.get("PATH", os.defpath) + os.pathsep + "/usr/sbin:/sbin"
    program = shutil.which("useradd", path=path)
    if program is None:
        return "there is no program useradd"
    options = ["--system", "--user-group", "--no-create-home", "--home-dir=/nonexistent"]
    done = subprocess.run(
        [program, *options, "--shell=/usr/sbin/nologin", SYSTEM_USER],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stderr.strip().replace("\n", " ")
