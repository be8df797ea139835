"""The operating system's user that PostgreSQL runs as.

PostgreSQL refuses to run as root. An ordinary user runs it under their own account. Root runs it as
the owner of the cluster, so that files in another user's checkout keep their owner; if root owns
the folder, as a user that every system has.
"""

import contextlib
import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from fusion.embedded.errors import EmbeddedPostgresError

UNPRIVILEGED = ("postgres", "nobody")
"""The users as which root runs the server: the first that exists."""


@dataclass(frozen=True)
class Account:
    """A user and group to run a program as.

    `reads_all` lets the program enter folders that are closed to the user, as root may.
    """

    uid: int
    gid: int
    reads_all: bool = False


def server_account(home: Path, *others: Path) -> Account:
    """The account that runs the server of the cluster in `home`, and can read the `others`."""
    folder, me = home.stat(), os.geteuid()
    if me == 0:
        owner = (home / "data").stat() if (home / "data").exists() else folder
        uid, gid = (owner.st_uid, owner.st_gid) if owner.st_uid else _unprivileged()
        return Account(uid, gid, not all(map(_is_open_to_all, (home, *others))))
    if folder.st_uid != me:
        raise EmbeddedPostgresError(
            f"The database in {home} belongs to another user (uid {folder.st_uid}): "
            "run as that user or as root, or move the folder away to start with an empty one."
        )
    return Account(me, os.getegid())


def _unprivileged() -> tuple[int, int]:
    for name in UNPRIVILEGED:
        with contextlib.suppress(KeyError):
            user = pwd.getpwnam(name)
            return user.pw_uid, user.pw_gid
    raise EmbeddedPostgresError(
        f"PostgreSQL does not run as root, and there is no user {' or '.join(UNPRIVILEGED)} to run "
        "it as: run as an ordinary user, or set DATABASE_URL."
    )


def _is_open_to_all(path: Path) -> bool:
    """Whether every user may enter `path` and all folders above it."""
    path = Path(os.path.realpath(path))
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents))
