"""The same database functions under pgbench: what the database gives without any HTTP."""

import hashlib
import re
import subprocess
import tempfile

from bench.stage import SAMPLE, Stage
from fusion.embedded import find_bindir
from fusion.ledger.queries import BALANCES


def place_order(stage: Stage) -> str:
    """One order of one line, for a random subscription."""
    return f"""
\\set i random(1, {SAMPLE})
SELECT p.* FROM bench_subscription s, LATERAL ordering_place(
    '{stage.group_id}'::uuid, 'client-bench', 'bench', jsonb_build_array(jsonb_build_object(
        'id', {_uuid7()}, 'subscription_id', s.id, 'lines', jsonb_build_array(jsonb_build_object(
            'product_id', '{stage.product_id}', 'action', 'add', 'quantity', 1)))), false) p
WHERE s.i = :i::bigint;
"""


def _uuid7() -> str:
    """Twelve hexadecimal digits of milliseconds, then random ones, in UUID's spelling."""
    hexadecimal = "lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0')"
    return (
        f"(left({hexadecimal}, 8) || '-' || right({hexadecimal}, 4) || '-7'"
        " || substr(gen_random_uuid()::text, 16))"
    )


def read_balances(stage: Stage) -> str:
    """The balances of a random subscription, by the very statement that a request sends.

    It looks the token up and calls `ledger_balances` with the path of the token's organization.
    """
    sampled = "(SELECT s.id FROM bench_subscription s WHERE s.i = :i::bigint)"
    checksum = hashlib.sha256(stage.token.encode()).hexdigest()
    statement = BALANCES.statement.replace("%s", sampled, 1).replace("%s", f"'{checksum}'", 1)
    return f"\\set i random(1, {SAMPLE})\n{' '.join(statement.split())};\n"


def per_second(stage: Stage, script: str, *, connections: int, seconds: float) -> float:
    """Transactions per second of `script`."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        done = subprocess.run(
            [
                str(find_bindir() / "pgbench"),
                "--no-vacuum",
                "--protocol=prepared",
                f"--client={connections}",
                "--jobs=2",
                f"--time={max(1, round(seconds))}",
                f"--file={file.name}",
                stage.database_url,
            ],
            capture_output=True,
            text=True,
            check=False,
        )
    found = re.search(r"^tps = ([0-9.]+)", done.stdout, re.MULTILINE)
    if done.returncode or not found:
        raise SystemExit(f"bench: pgbench failed: {done.stderr.strip()[:500]}")
    return float(found[1])
