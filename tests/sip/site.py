"""A customer's trunk behind a proxy that uses HTTP or SQL."""

import os
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from fusion.trunks.proxy_tables import write_tables
from tests.bounds import PATIENCE
from tests.databases import drop_database
from tests.sip.customer import Customer
from tests.sip.gate import Gate
from tests.sip.proxy import CONFIGURATION, Proxy, run_proxy

LEASE, RENEW_AFTER = 5, 1
"""Seconds: short, so that tests do not wait long for a lease to expire."""


@dataclass(frozen=True)
class Login:
    """A role of the database, and its password."""

    role: str
    password: str

    def url(self, port: int) -> str:
        """For Kamailio, of a database behind that port."""
        database = urlsplit(os.environ["DATABASE_URL"]).path
        return f"postgres://{self.role}:{self.password}@127.0.0.1:{port}{database}"

    def conninfo(self) -> str:
        """The same straight to the database, for psycopg."""
        return make_conninfo(os.environ["DATABASE_URL"], user=self.role, password=self.password)


def database_address() -> tuple[str, int] | str:
    """The address of the test database: TCP, or the path of a unix socket."""
    found = urlsplit(os.environ["DATABASE_URL"])
    host = unquote(found.hostname or "") or parse_qs(found.query).get("host", ["localhost"])[0]
    port = found.port or 5432
    return f"{host}/.s.PGSQL.{port}" if host.startswith("/") else (host, port)


DEBIANS = Path("/usr/share/kamailio/postgres")
TABLES = (
    DEBIANS / "standard-create.sql",
    DEBIANS / "dialog-create.sql",
    CONFIGURATION / "keep-calls.sql",
)


@contextmanager
def made_database(login: Login) -> Iterator[str]:
    """A database for Kamailio's dialogs, as in the guide; returns its URL for Kamailio."""
    name = f"kamailio_{secrets.token_hex(4)}"
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as held:
        held.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        with psycopg.connect(os.environ["DATABASE_URL"], dbname=name) as made:
            for file in TABLES:
                made.execute(file.read_bytes())
            role = sql.Identifier(login.role)
            made.execute(sql.SQL("GRANT ALL ON ALL TABLES IN SCHEMA public TO {}").format(role))
            made.execute(sql.SQL("GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {}").format(role))
        gate = Gate(database_address())
        yield f"postgres://{login.role}:{login.password}@127.0.0.1:{gate.port}/{name}"
        gate.close()
        drop_database(held, name)


@dataclass
class Site:
    """A customer, and the set-up of proxies for its trunk: `gate` is their connection to Fusion."""

    customer: Customer
    way: str
    folder: Path
    login: Login
    gate: Gate

    def proxy(
        self, *lines: str, name: str = "proxy", **words: str
    ) -> AbstractContextManager[Proxy]:
        """A proxy that uses HTTP or SQL; `lines` and `words` are those of settings.cfg."""
        client_id, client_secret = self.customer.client()
        tables = self.folder / name / "tables"
        tables.mkdir(parents=True, exist_ok=True)
        write_tables(tables, self.customer.group_id)
        return run_proxy(
            self.folder / name,
            trunk_id=self.customer.trunk_id,
            words={
                "FUSION_TABLES": str(tables),
                "FUSION_DB": self.login.url(self.gate.port),
                "FUSION_URL": f"http://127.0.0.1:{self.gate.port}",
                "FUSION_CLIENT_ID": client_id,
                "FUSION_CLIENT_SECRET": client_secret,
                "LEASE": str(LEASE),
                "RENEW_AFTER": str(RENEW_AFTER),
                "ANSWER_WITHIN": "10",  # a busy machine must not look like an outage
                **words,
            },
            lines=(*lines, "FUSION_BY_SQL") if self.way == "sql" else lines,
        )

    def write_tables(self, proxy: Proxy) -> None:
        """Write its tables again, and let it load them."""
        for name in write_tables(proxy.folder / "tables", self.customer.group_id):
            subprocess.run(
                ["kamcmd", "-s", f"unix:{proxy.folder}/kamailio_ctl", "htable.reload", name],
                check=True,
                timeout=PATIENCE,
            )
