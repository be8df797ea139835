"""`python -m bench.records`: a year of call records, read as one answer: speed, and memory.

The records are in past months, whose partitions are dropped at the end. Ten million take some
minutes and five gigabytes of disk.
"""

import argparse
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from bench.stage import Stage, open_stages

FIRST, LAST, AFTER = "2001-01-01", "2001-12-31", "2002-01-01"

INSERT = """
INSERT INTO trunks_callrecord (
    group_id, distributor_id, reseller_id, tenant_id, subscription_id, trunk_id, direction, call_id,
    caller, callee, admitted_at, ended_at, emergency, reason)
SELECT s.group_id, s.distributor_id, s.reseller_id, s.tenant_id, s.id, s.id, 'inbound',
       md5(n::text) || '@192.0.2.1', '+322555' || lpad((n %% 10000)::text, 4, '0'), '+3225550199',
       w.ended - (n %% 900) * interval '1 second', w.ended, false, 'ended'
FROM generate_series(%(from)s::bigint, %(to)s::bigint) n
JOIN bench_subscription b ON b.i = 1 + n %% (SELECT count(*) FROM bench_subscription)
JOIN tenancy_subscription s ON s.id = b.id,
LATERAL (SELECT %(first)s::timestamptz + n * (interval '364 days' / %(rows)s::bigint) AS ended) w
"""

SLICE = 500_000
"""Records created in one transaction."""


@contextmanager
def _records(stage: Stage, rows: int) -> Iterator[None]:
    """So many records of the year, inside this context."""
    with psycopg.connect(stage.database_url, autocommit=True) as sql:
        sql.execute("SET TimeZone = 'UTC'")
        sql.execute("SELECT trunks_drop_partitions(%s::date)", [AFTER])
        sql.execute("SELECT trunks_ensure_partitions(%s::date, %s::date)", [FIRST, LAST])
        for start in range(0, rows, SLICE):
            wanted = {"from": start, "to": min(start + SLICE, rows) - 1}
            sql.execute(INSERT, {**wanted, "first": FIRST, "rows": rows})
        sql.execute("VACUUM ANALYZE trunks_callrecord")
        try:
            yield
        finally:
            sql.execute("SELECT trunks_drop_partitions(%s::date)", [AFTER])


def _read(stage: Stage, query: str) -> tuple[int, int, float]:
    """Lines and bytes of the answer, and its seconds."""
    wanted = urllib.request.Request(
        f"http://127.0.0.1:{stage.port}/api/v1/call-records?{query}",
        headers={"Authorization": f"Bearer {stage.token}"},
    )
    started, lines, size = time.monotonic(), 0, 0
    with urllib.request.urlopen(wanted, timeout=300) as answer:
        while part := answer.read(1 << 20):
            lines += part.count(b"\n")
            size += len(part)
    return lines, size, time.monotonic() - started


def main() -> None:
    """Create the records, read them, and print time and memory."""
    parser = argparse.ArgumentParser(prog="python -m bench.records", description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000, help="records (10,000,000)")
    rows: int = parser.parse_args().rows
    with open_stages("small", workers=1) as [stage], _records(stage, rows):
        one = f"subscription_id={stage.subscriptions[0]}"
        for query in ("limit=50", f"limit=50&{one}", f"format=csv&{one}"):
            _read(stage, query)
            print(f"{query}: {_read(stage, query)[2] * 1000:.1f} ms")
        before = stage.peak_mb()
        lines, size, seconds = _read(stage, "format=csv")
        if lines != rows + 1:
            sys.exit(f"bench: {lines} lines of {rows + 1}")
        print(
            f"{rows} records as CSV: {size / 2**20:.0f} MiB in {seconds:.0f} s, "
            f"{rows / seconds:.0f} a second; most memory of the server {stage.peak_mb():.1f} MiB, "
            f"{before:.1f} before"
        )


main()
