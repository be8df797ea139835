"""A customer's trunk behind a proxy that asks by HTTP or by SQL."""

import os
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from psycopg.conninfo import make_conninfo

from tests.sip.customer import Customer
from tests.sip.gate import Gate
from tests.sip.proxy import Proxy, run_proxy

LEASE, RENEW_AFTER = 5, 1
"""Seconds: short, so that nobody waits long for a lease to lapse."""


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
    """Where the test database listens: an address, or the path of a unix socket."""
    found = urlsplit(os.environ["DATABASE_URL"])
    host = unquote(found.hostname or "") or parse_qs(found.query).get("host", ["localhost"])[0]
    port = found.port or 5432
    return f"{host}/.s.PGSQL.{port}" if host.startswith("/") else (host, port)


@dataclass
class Site:
    """A customer, and how proxies for its trunk are set up: `gate` is their way to Fusion."""

    customer: Customer
    way: str
    folder: Path
    login: Login
    gate: Gate

    def proxy(
        self, *lines: str, name: str = "proxy", **words: str
    ) -> AbstractContextManager[Proxy]:
        """A proxy that asks in this way; `lines` and `words` are those of settings.cfg."""
        client_id, client_secret = self.customer.client()
        return run_proxy(
            self.folder / name,
            trunk_id=self.customer.trunk_id,
            words={
                "FUSION_DB": self.login.url(self.gate.port),
                "FUSION_URL": f"http://127.0.0.1:{self.gate.port}",
                "FUSION_CLIENT_ID": client_id,
                "FUSION_CLIENT_SECRET": client_secret,
                "LEASE": str(LEASE),
                "RENEW_AFTER": str(RENEW_AFTER),
                **words,
            },
            lines=(*lines, "FUSION_BY_SQL") if self.way == "sql" else lines,
        )
