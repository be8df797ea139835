"""The same database functions under pgbench, without HTTP."""

import hashlib
import re
import subprocess
import tempfile

from bench.stage import SAMPLE, Stage
from fusion.access.authenticate import TOKEN
from fusion.embedded import find_bindir
from fusion.ledger.queries import BALANCES
from fusion.trunks.deeds import ADMIT, END, SCOPE

LEASE = 120
"""Seconds of a lease, the server's default."""


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
    """A UUID of version 7: twelve hexadecimal digits of milliseconds, then random ones."""
    hexadecimal = "lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0')"
    return (
        f"(left({hexadecimal}, 8) || '-' || right({hexadecimal}, 4) || '-7'"
        " || substr(gen_random_uuid()::text, 16))"
    )


def read_balances(stage: Stage) -> str:
    """The balances of a random subscription, by the statement that a request sends.

    It looks the token up and calls `ledger_balances` with the path of the token's organization.
    """
    sampled = "(SELECT s.id FROM bench_subscription s WHERE s.i = :i::bigint)"
    return f"\\set i random(1, {SAMPLE})\n" + _with_token(stage, BALANCES.sql, [sampled])


def assign_number(stage: Stage, sku: str) -> str:
    """The next free number of a SKU, for a random subscription."""
    return f"""
\\set i random(1, {SAMPLE})
SELECT p.* FROM bench_subscription s, LATERAL numbers_assign(
    '{stage.group_id}'::uuid, '{stage.path}', 'client-bench', 'bench', NULL::text, NULL::bytea,
    s.id, NULL::text[], '{sku}', 1, false, 'assigned', NULL::timestamptz, false) p
WHERE s.i = :i::bigint;
"""


def link_user(stage: Stage) -> str:
    """Link the next user of `bench_user` to its number."""
    return f"""
SELECT p.* FROM (SELECT nextval('bench_next') AS i OFFSET 0) n
CROSS JOIN LATERAL (SELECT * FROM bench_user u WHERE u.i = n.i) u
CROSS JOIN LATERAL users_link('{stage.group_id}'::uuid, '{stage.path}', 'client-bench', 'bench',
                              u.subscription_id, u.user_id, u.e164) p;
"""


def admit_and_end_call(stage: Stage, trunks: int) -> str:
    """Admit and end a call on a random trunk, by the statements that requests send."""
    trunk = "(SELECT t.id FROM bench_trunk t WHERE t.i = :i::bigint)"
    call = [trunk, "'outbound'", "'pgbench-' || :c::bigint"]
    parties = ["'+3225550100'", "'+3225550199'", str(LEASE)]
    return (
        f"\\set i random(1, {trunks})\n\\set c random(1, 1000000000000000)\n"
        + _with_token(stage, ADMIT, [*call, *parties])
        + _with_token(stage, END, call)
    )


def _with_token(stage: Stage, deed: str, values: list[str]) -> str:
    """The look-up of the stage's token with an expression in front, on one line."""
    checksum = hashlib.sha256(stage.token.encode()).hexdigest()
    statement = TOKEN.format(read=deed)
    for value in [*values, f"'{checksum}'"]:
        statement = statement.replace("%s", value, 1)
    # pgbench would read the colon of a scope as the beginning of a variable.
    statement = statement.replace(f"'{SCOPE}'", "'{}' || chr(58) || '{}'".format(*SCOPE.split(":")))
    return f"{' '.join(statement.split())};\n"


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
