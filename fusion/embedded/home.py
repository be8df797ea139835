"""The cluster's folder: created before anything else, by whoever comes first.

An ordinary user keeps everything under `data_dir`. For root the server runs as another user, who
must be able to pass through every folder above the data. Where one of them is closed (a checkout
under /root), its mode is not ours to change: the folder is then made under /var/lib/fusion, and
`data_dir` becomes a link to it. A copied link leads to the same folder and so to the same locks,
never to a second server over the same data. Deleting the link deletes no data, and a new one gets
a new folder.
"""

import contextlib
import hashlib
import os
import secrets
import stat
import tempfile
from pathlib import Path

from fusion.embedded import accounts
from fusion.embedded.binaries import is_open_to_all
from fusion.embedded.cluster import Cluster
from fusion.embedded.errors import EmbeddedPostgresError

STORE = Path("/var/lib/fusion")


def prepare(cluster: Cluster) -> None:
    """Make the folder and its secret, unless they are there."""
    cluster.data_dir.parent.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        _prepare_as_root(cluster)
    else:
        cluster.home.mkdir(mode=0o700, exist_ok=True)
    accounts.server_account(cluster.home)
    _create_secret(cluster.home)


def store() -> Path:
    """Root's own place for what other users must reach."""
    STORE.mkdir(mode=0o755, parents=True, exist_ok=True)
    found = STORE.stat()
    if found.st_uid != 0 or found.st_mode & 0o022:
        raise EmbeddedPostgresError(
            f"Users other than root can write to {STORE}. Make root its owner, with mode 0755."
        )
    return STORE


def _prepare_as_root(cluster: Cluster) -> None:
    if not is_open_to_all(cluster.home.parent) and not cluster.data.exists():
        _place_in_store(cluster)
    cluster.home.mkdir(exist_ok=True)
    if cluster.home.stat().st_uid == 0:
        # Root's folder, in which the server's user owns `data` and `socket`: it passes through
        # and cannot replace the logs and locks that root writes.
        cluster.home.chmod(0o711)


def _place_in_store(cluster: Cluster) -> None:
    if cluster.data_dir.is_symlink():
        return
    with contextlib.suppress(FileNotFoundError):
        cluster.data_dir.rmdir()  # an empty folder is as good as none; a full one is refused
    name = hashlib.sha256(os.fsencode(cluster.data_dir)).hexdigest()[:16]
    folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=store()))
    try:
        cluster.data_dir.symlink_to(folder)
    except FileExistsError:  # another process was first: its folder is the one
        folder.rmdir()


def _create_secret(home: Path) -> None:
    """Linked into place when complete: two who begin at once end with one secret, never half."""
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
    """A folder that only `account` (and root) can enter, or a refusal.

    Under /tmp anybody may have created that name before: ours is a real folder, owned by the
    server's user, closed to all others.
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
