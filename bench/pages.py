"""How the server's time for the most used pages grows from 1,000 subscriptions to 100,000.

A group's administrator signs in and reads pages, one at a time. Pages of one subscription or one
order are requested for a thousand different ones.
"""

import re
import secrets
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from http.cookiejar import CookieJar
from typing import Any

import psycopg

from bench import provisioning
from bench.compare import grow
from bench.load import visit
from bench.stage import SAMPLE, Stage, fusion, open_stages, shuffled

STOCK = 60_000
"""Numbers of the small stage; the large one has at least a million."""

Addresses = Callable[[Stage], list[str]]


def _same(path: str) -> Addresses:
    return lambda stage: [path]


def _of_subscriptions(suffix: str) -> Addresses:
    return lambda stage: [f"/subscriptions/{id}{suffix}" for id in shuffled(stage.subscriptions)]


def _orders(stage: Stage) -> list[str]:
    ids = _column(stage, "SELECT id::text FROM ordering_order ORDER BY md5(id::text) LIMIT %s")
    return [f"/orders/{id}" for id in ids]


def _typed(path: str) -> Addresses:
    """A typical search for a customer: the beginnings of two words."""

    def addresses(stage: Stage) -> list[str]:
        names = _column(
            stage,
            "SELECT t.name FROM bench_subscription b JOIN tenancy_subscription s ON s.id = b.id"
            " JOIN tenancy_organization t ON t.id = s.tenant_id ORDER BY b.i LIMIT %s",
        )
        typed = [" ".join(word[:4] for word in name.split()[:2]).lower() for name in names]
        return [f"{path}?{urllib.parse.urlencode({'q': text})}" for text in typed]

    return addresses


def _column(stage: Stage, statement: str) -> list[str]:
    with psycopg.connect(stage.database_url) as sql:
        return [row[0] for row in sql.execute(statement, [SAMPLE])]


PAGES: Mapping[str, Addresses] = {
    "Overview": _same("/"),
    "Customers": _same("/customers"),
    "Customers, searched": _typed("/customers"),
    "A subscription": _of_subscriptions(""),
    "Its users": _of_subscriptions("/users"),
    "Its numbers": _of_subscriptions("/numbers"),
    "Its ledger": _of_subscriptions("/ledger"),
    "Inventory": _same("/inventory"),
    "Products": _same("/products"),
    "Orders": _same("/orders"),
    "An order": _orders,
    "New order, looking for the customer": _typed("/orders/new"),
}


def measure_pages(workers: int, seconds: float, rounds: int) -> dict[str, Any]:
    """Latencies of each page on both stages, and the cost of the roll-up on the large one."""
    with open_stages("pages", "large", workers=workers) as [small, large]:
        provisioning.prepare(small, stock=STOCK)
        provisioning.prepare(large)
        for stage in (small, large):
            _fill_up(stage)
        result = _measure_refresh(large)
        cookies = {stage.name: sign_in(stage) for stage in (small, large)}
        result["grown"] = {
            title: grow(small, large, _visits(addresses, cookies), seconds, rounds, warm_up=1)
            for title, addresses in PAGES.items()
        }
    return {"pages": result}


def _visits(addresses: Addresses, cookies: Mapping[str, str]) -> Callable[[Stage], list[bytes]]:
    def make(stage: Stage) -> list[bytes]:
        refresh(stage)  # stays fresh as long as a page is measured: a minute
        return [visit(path, cookies[stage.name]) for path in addresses(stage)]

    return make


FULL = """
UPDATE ledger_balance SET used = granted
WHERE used = 0 AND granted BETWEEN 1 AND 100000 AND metric <> 'sip_channel'
  AND get_byte(decode(md5(subscription_id::text), 'hex'), 0) < 13
"""


def _fill_up(stage: Stage) -> None:
    """Let one subscription in twenty use all that was granted, without entries."""
    with psycopg.connect(stage.database_url, autocommit=True) as sql:
        sql.execute(FULL)
        sql.execute("VACUUM ANALYZE")


def refresh(stage: Stage) -> float:
    """Refresh the roll-up as the worker does; returns the seconds."""
    with psycopg.connect(stage.database_url) as sql:
        sql.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        begin = time.perf_counter()
        sql.execute("SELECT billing_refresh_group(%s::uuid, interval '0')", [stage.group_id])
        sql.commit()
    return time.perf_counter() - begin


def _measure_refresh(stage: Stage) -> dict[str, Any]:
    with psycopg.connect(stage.database_url, autocommit=True) as sql:
        sql.execute(
            "TRUNCATE billing_total, billing_day, billing_nearlyfull, billing_counted,"
            " billing_groupstate"
        )
        balances, entries = sql.execute(
            "SELECT (SELECT count(*) FROM ledger_balance), (SELECT count(*) FROM ledger_entry"
            " WHERE at > now() - interval '90 days')"
        ).fetchone() or (0, 0)
        first = refresh(stage)
        sql.execute(
            "VACUUM ANALYZE billing_total, billing_day, billing_nearlyfull, billing_counted"
        )
    again = [refresh(stage) for _ in range(3)]
    return {
        "balances": balances,
        "entries": entries,
        "first_refresh_s": round(first, 2),
        "refresh_s": round(sorted(again)[1], 2),
    }


def sign_in(stage: Stage) -> str:
    """The cookies of a new administrator of the group, who has signed in as people do."""
    email, password = f"{secrets.token_hex(8)}@example.com", secrets.token_urlsafe(24)
    given = ("create-administrator", stage.group_id, email, "--password-stdin")
    fusion(stage.environment(), *given, stdin=password)
    jar = CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    address = f"http://127.0.0.1:{stage.port}/sign-in"
    page = browser.open(address, timeout=30).read().decode()
    [token] = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[:1]
    fields = {"login": email, "password": password, "csrfmiddlewaretoken": token}
    browser.open(address, urllib.parse.urlencode(fields).encode(), timeout=60)
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)
