"""Creating the data directory: completely or not at all."""

import os
import shutil
import signal
import tempfile
from pathlib import Path

from fusion.embedded import processes
from fusion.embedded.accounts import Account
from fusion.embedded.cluster import SUPERUSER, Cluster
from fusion.embedded.configuration import FILE
from fusion.embedded.errors import EmbeddedPostgresError

_SCRATCH = "initdb-"
_LOCALES = ("C.UTF-8", "C")  # some platforms lack the first


def initialise(cluster: Cluster, bindir: Path, account: Account) -> None:
    """Create `data` if it is missing. Only the keeper calls this.

    initdb works in a temporary folder, which becomes `data` when it is complete. If initdb is
    killed, the next call removes its folder.
    """
    for left in cluster.home.glob(f"{_SCRATCH}*"):
        shutil.rmtree(left, ignore_errors=True)
    if cluster.data.exists():
        return
    scratch = Path(tempfile.mkdtemp(prefix=_SCRATCH, dir=cluster.home))
    passwords = scratch / "password"
    passwords.write_text(cluster.password(SUPERUSER))
    if os.geteuid() == 0:
        for path in (scratch, passwords):
            os.chown(path, account.uid, account.gid)
    _run_initdb(cluster, bindir, account, scratch)
    with (scratch / "data" / "postgresql.conf").open("a") as file:
        file.write(f"\ninclude '../{FILE}'\n")  # relative: the folder may be moved
    (scratch / "data").rename(cluster.data)
    _sync(cluster.home)
    shutil.rmtree(scratch)


def _run_initdb(cluster: Cluster, bindir: Path, account: Account, scratch: Path) -> None:
    said = b""
    for locale in _LOCALES:
        with tempfile.TemporaryFile() as output:
            command = [
                str(bindir / "initdb"),
                f"--pgdata={scratch / 'data'}",
                f"--username={SUPERUSER}",
                f"--pwfile={scratch / 'password'}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                f"--locale={locale}",
                "--data-checksums",
                "--no-instructions",
            ]
            if cluster.settings.get("fsync") == "off":
                command.append("--no-sync")
            # Killed together with the keeper: the next one removes the folder.
            child = processes.spawn(
                command, account, cwd=scratch, output=output, death_signal=signal.SIGKILL
            )
            if child.wait() == 0:
                return
            output.seek(0)
            said = said or output.read()  # the failure with the first locale explains more
    lines = said.decode(errors="replace").strip().splitlines()
    shutil.rmtree(scratch, ignore_errors=True)
    raise EmbeddedPostgresError(f"initdb failed in {cluster.home}: {' | '.join(lines[-3:])}")


def _sync(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
