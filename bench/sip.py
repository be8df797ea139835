"""Whole calls per second, by sipp through a real Kamailio that uses Fusion by SQL and by HTTP.

A call is an INVITE, its admission, the answer, a BYE and the report of its end. For comparison:
the same proxy without Fusion. sipp, Kamailio, PostgreSQL and the server share the machine. `python
-m bench.sip` measures only this; `measure_calls` is for `make bench`.
"""

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import psycopg
from psycopg import sql

from bench.stage import Stage, fusion, open_stages
from tests.sip.proxy import CARRIER, EXCHANGE, PROXY, Proxy, free_udp_port, run_proxy

HERE = Path(__file__).parent
ROLE, PASSWORD = "bench_kamailio", "bench"
TRUNKS, CHANNELS = 20, 1_000
"""The trunks of the calls, each of another subscription, and their channels."""

PARALLEL = 32
CALLS = {1: 300, PARALLEL: 3_000}
"""Concurrent calls, and calls in one run."""

WAYS = ("sql", "http", "nobody")


def measure_calls(stage: Stage, rounds: int) -> dict[str, Any]:
    """Per way: whole calls per second and milliseconds per call, one at a time and 32 at a time."""
    words = _settings(stage)
    took: dict[tuple[str, int], list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="fusion-bench-sip-") as folder:
        trunks = Path(folder) / "trunks"
        trunks.write_text("\n".join(["SEQUENTIAL", *_trunks(stage)]) + "\n")
        for number in range(rounds):
            for way in WAYS:
                home = Path(folder) / f"{way}-{number}"
                home.mkdir()
                fusion(stage.environment(), "proxy-tables", str(home))
                with _proxy(way, words, home) as proxy, _carrier(proxy):
                    _call(proxy, trunks, PARALLEL, 200)  # connections and plans exist now
                    for parallel, calls in CALLS.items():
                        seconds = _call(proxy, trunks, parallel, calls)
                        took.setdefault((way, parallel), []).append(seconds / calls)
    ratios = zip(took["sql", PARALLEL], took["http", PARALLEL], strict=True)
    return {
        "calls_http_to_sql": {
            "ratio": round(median(sql / http for sql, http in ratios), 3),
            "runs": rounds,
        }
    } | {
        f"calls_{way}": {
            "per_s": round(1 / median(took[way, PARALLEL]), 1),
            "per_s_min": round(1 / max(took[way, PARALLEL]), 1),
            "per_s_max": round(1 / min(took[way, PARALLEL]), 1),
            "one_by_one_ms": round(1000 * median(took[way, 1]), 2),
            "parallel": PARALLEL,
            "runs": rounds,
        }
        for way in WAYS
    }


def _trunks(stage: Stage) -> list[str]:
    """New trunks, each of another subscription with enough channels."""
    mark = f"{time.time_ns():x}"
    tenant_id = stage.call("GET", f"/subscriptions/{stage.subscriptions[0]}")["tenant_id"]
    sku = next(s for s in stage.call("GET", "/skus")["items"] if s["metric"] == "sip_channel")
    items = [{"sku": sku["code"], "quantity": CHANNELS}]
    product = {"code": f"channels-{mark}", "name": "Channels", "items": items}
    line = {"product_id": stage.call("POST", "/products", product)["id"], "quantity": 1}
    made = []
    for number in range(TRUNKS):
        names = {"tenant_id": tenant_id, "name": f"Calls {mark} {number}"}
        subscription_id = stage.call("POST", "/subscriptions", names)["id"]
        stage.call("POST", "/orders", {"subscription_id": subscription_id, "lines": [line]})
        path = f"/subscriptions/{subscription_id}/trunks"
        made.append(stage.call("POST", path, {"name": "Main", "country": "BE"})["id"])
    return made


def _settings(stage: Stage) -> dict[str, str]:
    """Settings of settings.cfg: the proxy's URL and credentials for Fusion."""
    with psycopg.connect(stage.database_url, autocommit=True) as held:
        if not held.execute("SELECT FROM pg_roles WHERE rolname = %s", [ROLE]).rowcount:
            made = "CREATE ROLE {} LOGIN PASSWORD {} IN ROLE fusion_calls"
            held.execute(sql.SQL(made).format(sql.Identifier(ROLE), sql.Literal(PASSWORD)))
    client = stage.call(
        "POST",
        f"/organizations/{stage.group_id}/api-clients",
        {"name": "Proxy", "scopes": ["calls:write"]},
    )
    url = urlsplit(stage.database_url)
    host = unquote(url.hostname or "") or parse_qs(url.query).get("host", ["localhost"])[0]
    return {
        "FUSION_DB": f"postgres://{ROLE}:{PASSWORD}@localhost{url.path}",
        "FUSION_DB_OPTIONS": f"host={host};port={url.port or 5432};connect_timeout=2",
        "FUSION_URL": f"http://127.0.0.1:{stage.port}",
        "FUSION_CLIENT_ID": client["client_id"],
        "FUSION_CLIENT_SECRET": client["client_secret"],
        "SIP_WORKERS": "4",
    }


def _proxy(way: str, words: dict[str, str], folder: Path) -> AbstractContextManager[Proxy]:
    return run_proxy(
        folder,
        trunk_id="header",  # the caller names the trunk
        words={**words, "FUSION_TABLES": str(folder)},
        lines=("FUSION_BY_SQL",) if way == "sql" else (),
        changes={"route(FUSION);": "route(FUSION_RELAY);"} if way == "nobody" else {},
        megabytes=1024,
    )


@contextmanager
def _carrier(proxy: Proxy) -> Iterator[None]:
    process = _sipp("sip-callee.xml", proxy.folder, CARRIER, proxy.carrier_port)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _call(proxy: Proxy, trunks: Path, parallel: int, calls: int) -> float:
    """Seconds of so many calls, so many at a time; SystemExit if one failed."""
    limits = ("-m", str(calls), "-l", str(parallel), "-r", "10000", "-s", "+32255501")
    through = ("-inf", str(trunks), f"{PROXY}:{proxy.port}")
    begin = time.perf_counter()
    process = _sipp(
        "sip-caller.xml",
        proxy.folder,
        EXCHANGE,
        free_udp_port(EXCHANGE),
        *(*limits, *through),
    )
    code = process.wait(120)
    if code:
        errors = (proxy.folder / "sip-caller.xml.errors").read_text(errors="replace")
        raise SystemExit(f"bench: sipp ended with {code}: {errors[:2000]}")
    return time.perf_counter() - begin


def _sipp(
    scenario: str, folder: Path, address: str, port: int, *arguments: str
) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [
            *("sipp", "-sf", str(HERE / scenario), "-i", address, "-p", str(port), *arguments),
            *("-nostdin", "-recv_timeout", "20000", "-default_behaviors", "all,-abortunexp"),
            *("-trace_err", "-error_file", str(folder / f"{scenario}.errors")),
        ],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def main() -> None:
    """Measure only calls."""
    with open_stages("small", workers=2) as [small]:
        for name, figures in measure_calls(small, 5).items():
            print(name, figures)


if __name__ == "__main__":
    main()
