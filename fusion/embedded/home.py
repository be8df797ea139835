"""The cluster's folder: created first, by the first process that needs it."""

import contextlib
import os
import secrets
import stat
import tempfile
from pathlib import Path

from fusion.embedded import accounts
from fusion.embedded.cluster import Cluster
from fusion.embedded.errors import EmbeddedPostgresError


def prepare(cluster: Cluster) -> None:
    """Create the folder and its secret, if they are missing."""
    cluster.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    accounts.server_account(cluster.home)
    if os.geteuid() == 0 == cluster.home.stat().st_uid:
        # Root's folder, in which the server's user owns `data` and `socket`: the user may enter it,
        # but cannot replace the logs and locks that root writes.
        cluster.home.chmod(0o711)
    _create_secret(cluster.home)


def _create_secret(home: Path) -> None:
    """Link the complete file into place: of two concurrent processes, both use the first's."""
    if (home / "secret").exists():
        return
    fd, name = tempfile.mkstemp(prefix="secret-", dir=home)
    with os.fdopen(fd, "wb") as file:
        file.write(secrets.token_hex(32).encode())
        file.flush()
        os.fsync(fd)
    if os.geteuid() == 0:
        os.chown(name, home.stat().st_uid, home.stat().st_gid)
    with contextlib.suppress(FileExistsError):
        os.link(name, home / "secret")
    os.unlink(name)


def private_folder(path: Path, account: accounts.Account) -> Path:
    """Create a folder that only `account` and root can enter; EmbeddedPostgresError if it exists
    and others can.

    Under /tmp, anybody may have created that name before.
    """
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(path, account.uid, account.gid, follow_symlinks=False)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != account.uid or found.st_mode & 0o077:
        raise EmbeddedPostgresError(
            f"{path} must be a folder that belongs to uid {account.uid} with mode 0700. Remove it."
        )
    return path
