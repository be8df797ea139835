"""Debian's PgBouncer in transaction mode, with the file of `deploy/pgbouncer`."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from fusion.embedded.accounts import Account, server_account
from tests.bounds import PATIENCE
from tests.server import free_port, wait_for

CONFIGURATION = Path(__file__).resolve().parents[2] / "deploy" / "pgbouncer" / "pgbouncer.ini"
PATH = os.pathsep.join((os.environ["PATH"], "/usr/local/sbin", "/usr/sbin"))


@dataclass(frozen=True)
class Pooler:
    """A running PgBouncer: the URL through it, and that of its database."""

    url: str
    direct: str

    @property
    def environment(self) -> dict[str, str]:
        """The URL for Fusion's processes."""
        return {"DATABASE_URL": self.url, "FUSION_DATABASE_POOLER": "transaction"}


@contextmanager
def running_pooler(
    direct: str, users: str, *, sessions: int, account: Account | None = None
) -> Iterator[Pooler]:
    """PgBouncer in front of `direct`, with other addresses and `sessions` of PostgreSQL.

    `users` is the content of `userlist.txt`. If the tests run as root, it runs as `account`.
    """
    parts = conninfo_to_dict(direct)
    port = free_port()
    there = f"host={parts['host']} port={parts.get('port', 5432)} dbname={parts['dbname']}"
    with tempfile.TemporaryDirectory(prefix="fusion-pooler-") as folder:
        home = Path(folder)
        file = home / "userlist.txt"
        file.write_text(users)
        text = CONFIGURATION.read_text()
        for written, real in {
            "host=127.0.0.1 port=5432 dbname=fusion": there,
            "listen_port = 6432": f"listen_port = {port}",
            "/etc/pgbouncer/userlist.txt": str(file),
            "default_pool_size = 40": f"default_pool_size = {sessions}",
        }.items():
            assert written in text, written
            text = text.replace(written, real)
        (home / "pgbouncer.ini").write_text(text)
        program = shutil.which("pgbouncer", path=PATH)
        assert program, "make debian installs PgBouncer"
        options = _as(account or server_account(home), home)
        with (home / "log").open("ab") as log:
            process = subprocess.Popen([program, home / "pgbouncer.ini"], stderr=log, **options)
        through = make_conninfo(direct, host="127.0.0.1", port=str(port))
        try:
            wait_for(lambda: _answers(through), "PgBouncer answers")
            yield Pooler(through, direct)
        finally:
            process.terminate()
            process.wait(PATIENCE)


def _as(account: Account, home: Path) -> dict[str, Any]:
    """PgBouncer does not run as root."""
    if os.geteuid() != 0:
        return {}
    for path in (home, *home.iterdir()):
        os.chown(path, account.uid, account.gid)
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def _answers(url: str) -> bool:
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            return connection.execute("SELECT 1").fetchone() == (1,)
    except psycopg.OperationalError:
        return False
