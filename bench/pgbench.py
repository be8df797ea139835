"""The same database functions under pgbench, without HTTP."""

import hashlib
import json
import re
import subprocess
import tempfile

from bench.stage import SAMPLE, Stage
from fusion.access.authenticate import TokenQuery, token_statement
from fusion.access.permissions import ADMIT_CALLS, READ_BALANCES
from fusion.embedded import find_bindir
from fusion.hot.statements import one_call
from fusion.trunks import admit, end_call

LEASE = 120
"""Seconds of a lease, the server's default."""


def place_order(stage: Stage) -> str:
    """One order of one line, for a random subscription, as the first release placed it."""
    return _place(
        stage,
        f"bench_ordering_place('{stage.group_id}'::uuid, 'client-bench', 'bench', {{}}, false)",
    )


def place_order_now(stage: Stage) -> str:
    """The same by the function that serves."""
    return _place(stage, f"ordering_place_v2('{stage.group_id}'::uuid, {{}})")


def _place(stage: Stage, call: str) -> str:
    order = f"""jsonb_build_array(jsonb_build_object(
        'id', {_uuid7()}, 'actor', 'client-bench', 'request', 'bench', 'path', '{stage.path}',
        'subscription_id', s.id, 'lines', jsonb_build_array(jsonb_build_object(
            'product_id', '{stage.product_id}', 'action', 'add', 'quantity', 1))))"""
    return f"""
\\set i random(1, {SAMPLE})
SELECT p.* FROM bench_subscription s, LATERAL {call.format(order)} p
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

    It looks the token up and calls `ledger_balances_v2` with the path of the token's organization.
    """
    sampled = "(SELECT s.id FROM bench_subscription s WHERE s.i = :i::bigint)"
    statement = one_call(READ_BALANCES, "ledger_balances_v2")
    members = f"jsonb_build_object('subscription_id', {sampled})"
    return f"\\set i random(1, {SAMPLE})\n" + _with_token(stage, statement, [members])


def assign_number(stage: Stage, sku: str) -> str:
    """The next free number of a SKU for a random subscription, as the first release assigned it."""
    return _assign(
        f"bench_numbers_assign('{stage.group_id}'::uuid, '{stage.path}', 'client-bench', 'bench',"
        f" NULL::text, NULL::bytea, s.id, NULL::text[], '{sku}', 1, false, 'assigned',"
        " NULL::timestamptz, false)"
    )


def assign_number_now(stage: Stage, sku: str) -> str:
    """The same by the function that serves."""
    wanted = {"sku": sku, "quantity": 1, "contiguous": False, "status": "assigned"}
    return _assign(
        f"numbers_assign_v2('{stage.group_id}'::uuid, jsonb_build_array("
        f"'{_call(stage, **wanted)}'::jsonb || jsonb_build_object('subscription_id', s.id)))"
    )


def _assign(call: str) -> str:
    return f"""
\\set i random(1, {SAMPLE})
SELECT p.* FROM bench_subscription s, LATERAL {call} p
WHERE s.i = :i::bigint;
"""


def link_user(stage: Stage) -> str:
    """Link the next user of `bench_user` to its number, as the first release linked it."""
    return _link(
        f"bench_users_link('{stage.group_id}'::uuid, '{stage.path}', 'client-bench', 'bench',"
        " u.subscription_id, u.user_id, u.e164)"
    )


def link_user_now(stage: Stage) -> str:
    """The same by the function that serves."""
    return _link(
        f"users_link_v2('{stage.group_id}'::uuid, jsonb_build_array('{_call(stage)}'::jsonb"
        " || jsonb_build_object('subscription_id', u.subscription_id, 'user_id', u.user_id,"
        " 'number', u.e164)))"
    )


def _link(call: str) -> str:
    return f"""
SELECT p.* FROM (SELECT nextval('bench_next') AS i OFFSET 0) n
CROSS JOIN LATERAL (SELECT * FROM bench_user u WHERE u.i = n.i) u
CROSS JOIN LATERAL {call} p;
"""


def _call(stage: Stage, **members: object) -> str:
    """What every call of a hot function has, and some members more."""
    caller = {"actor": "client-bench", "request": "bench", "path": stage.path}
    # pgbench takes a colon before a letter for the beginning of a variable.
    return json.dumps({**caller, **members}, separators=(", ", ": "))


TRUNK = "(SELECT t.id FROM bench_trunk t WHERE t.i = :i::bigint)"
CALL_ID = "'pgbench-' || :c::bigint"


def admit_and_end_call(stage: Stage, trunks: int) -> str:
    """Admit and end a call on a random trunk, as the first release did in requests."""
    admitted = (
        f"(SELECT a.status || a.answer::text FROM bench_calls_admit({TRUNK}, 'outbound', {CALL_ID},"
        f" '+3225550100', '+3225550199', make_interval(secs => {LEASE}), o.path) a)"
    )
    ended = f"bench_calls_end_call({TRUNK}, 'outbound', {CALL_ID}, o.path)"
    return (
        _random_call(trunks)
        + _with_token(stage, _token_query(admitted), [])
        + _with_token(stage, _token_query(ended), [])
    )


def admit_and_end_call_now(stage: Stage, trunks: int) -> str:
    """The same by the statements that requests send."""
    begin, end = (
        one_call(ADMIT_CALLS, function) for function in (admit.FUNCTION, end_call.FUNCTION)
    )
    call = f"'trunk_id', {TRUNK}, 'direction', 'outbound', 'call_id', {CALL_ID}"
    parties = f"'caller', '+3225550100', 'callee', '+3225550199', 'lease_seconds', {LEASE}"
    return (
        _random_call(trunks)
        + _with_token(stage, begin, [f"jsonb_build_object({call}, {parties})"])
        + _with_token(stage, end, [f"jsonb_build_object({call})"])
    )


def _random_call(trunks: int) -> str:
    return f"\\set i random(1, {trunks})\n\\set c random(1, 1000000000000000)\n"


def _token_query(expression: str) -> str:
    return token_statement(TokenQuery(ADMIT_CALLS, expression))


def _with_token(stage: Stage, statement: str, values: list[str]) -> str:
    """A statement that looks up the stage's token, on one line; `values` come before the token."""
    checksum = hashlib.sha256(stage.token.encode()).hexdigest()
    for value in [*values, f"'{checksum}'"]:
        statement = statement.replace("%s", value, 1)
    # pgbench takes the colon of a scope for the beginning of a variable.
    statement = re.sub(r"'([a-z-]+):([a-z]+)'", r"'\1' || chr(58) || '\2'", statement)
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
