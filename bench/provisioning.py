"""The data for measuring provisioning: entitlements, numbers, users and trunks of the sample.

Created once through the API and the database functions, and reset before each run: the numbers
that earlier runs assigned are released, and their quarantine ends.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import psycopg

from bench.load import request
from bench.stage import Stage, shuffled

STOCK = "bench-stock"
"""The SKU with a million numbers, for comparing HTTP with pgbench."""

FEW_OR_MANY = "bench-growth"
"""The SKU of which the small stage has 10,000 numbers and the large one 10,000,000."""

MILLION = 1_000_000
FEW, MANY = 10_000, 10 * MILLION
KITS = 40
"""Users to be linked to a number, for each subscription of the sample."""

CROWD = 10_000
"""Users of another subscription, which are linked by a batch and one by one."""

PLENTY = 500_000
"""Ordered units of every SKU, for each subscription of the sample."""

# Blocks of a million numbers each that `phonenumbers` accepts as Belgian geographic ones.
STOCK_BLOCK = 3259
GROWTH_BLOCKS = (3222, 3223, 3224, 3225, 3226, 3227, 3250, 3251, 3252, 3253)


@dataclass(frozen=True, slots=True)
class Ground:
    """The targets of requests: (user, subscription, number) of the sample and of the batch;
    trunks."""

    kits: list[tuple[str, str, str]]
    crowd: list[tuple[str, str, str]]
    logins: list[str]
    trunks: list[str]


def prepare(stage: Stage, growth: int = 0, *, stock: int = MILLION) -> Ground:
    """Everything created, nothing linked, only the users' numbers assigned from the stock.

    `growth` and `stock` are the numbers of the two SKUs; missing ones are added.
    """
    with psycopg.connect(stage.database_url, autocommit=True) as sql:
        if not sql.execute("SELECT FROM catalogue_sku WHERE code = %s", [STOCK]).rowcount:
            _found(stage, stock)
        _grow(sql, stage, growth)
        sql.execute(TABLES)
        _release(sql)
        for subscription, quantity in _holders(stage):
            _staff(sql, stage, subscription, quantity)
        sql.execute("VACUUM ANALYZE")
        rows = sql.execute(
            "SELECT user_id::text, subscription_id::text, e164, login, crowd"
            " FROM bench_user ORDER BY i"
        ).fetchall()
        trunks = [row[0] for row in sql.execute("SELECT id::text FROM bench_trunk ORDER BY i")]
    return Ground(
        kits=[(user, holder, e164) for user, holder, e164, _, crowd in rows if not crowd],
        crowd=[(user, holder, e164) for user, holder, e164, _, crowd in rows if crowd],
        logins=[login for *_, login, crowd in rows if crowd],
        trunks=trunks,
    )


def _holders(stage: Stage) -> Iterator[tuple[str, int]]:
    for subscription in stage.subscriptions[1:]:
        yield subscription, KITS
    yield stage.subscriptions[0], CROWD


def _found(stage: Stage, stock: int) -> None:
    for code in (STOCK, FEW_OR_MANY):
        sku = {"code": code, "name": code, "country": "BE", "number_type": "geographic"}
        stage.call("POST", "/skus", sku)
    items = [{"sku": sku, "quantity": 1} for sku in (STOCK, FEW_OR_MANY, "user", "sip-channel")]
    product = stage.call("POST", "/products", {"code": "bench", "name": "Bench", "items": items})
    lines = [{"product_id": product["id"], "quantity": PLENTY}]
    orders = [{"subscription_id": id, "lines": lines} for id in stage.subscriptions]
    results = stage.call("POST", "/orders/batch", {"orders": orders})["results"]
    if {result["status"] for result in results} != {201}:
        raise SystemExit("bench: the sample could not be given what it needs")
    _range(stage, STOCK, STOCK_BLOCK, stock)


def _grow(sql: psycopg.Connection[tuple[object, ...]], stage: Stage, growth: int) -> None:
    blocks = GROWTH_BLOCKS[: -(-growth // MILLION)]
    known = {row[0] for row in sql.execute("SELECT first / %s FROM numbers_range", [MILLION])}
    for block in blocks:
        if block not in known:
            _range(stage, FEW_OR_MANY, block, min(growth, MILLION))


def _range(stage: Stage, sku: str, block: int, size: int) -> None:
    first = block * MILLION
    stage.call(
        "POST", "/number-ranges", {"sku": sku, "first": f"+{first}", "last": f"+{first + size - 1}"}
    )


TABLES = """
DROP TABLE IF EXISTS bench_user, bench_trunk;
DROP SEQUENCE IF EXISTS bench_next;
CREATE TABLE bench_user (
    i serial PRIMARY KEY, user_id uuid, subscription_id uuid, e164 text, login text, crowd boolean);
CREATE SEQUENCE bench_next;
INSERT INTO trunks_trunk (id, group_id, subscription_id, name, country)
SELECT gen_random_uuid(), w.group_id, s.id, 'bench', 'BE'
FROM bench_subscription s JOIN tenancy_subscription w ON w.id = s.id
WHERE NOT EXISTS (SELECT FROM trunks_trunk t WHERE t.subscription_id = s.id AND t.name = 'bench');
CREATE TABLE bench_trunk AS
SELECT row_number() OVER () AS i, t.id FROM trunks_trunk t
JOIN bench_subscription s ON s.id = t.subscription_id WHERE t.name = 'bench';
CREATE UNIQUE INDEX ON bench_trunk (i);
DELETE FROM trunks_call;
"""

UNLINK = "SELECT sum(users_unlink_all(s.id, 'bench')) FROM bench_subscription s"

RELEASE = (
    UNLINK,
    "SELECT sum(numbers_release_all(s.id, 'bench', 'bench', interval '1 day'))"
    " FROM bench_subscription s",
    "UPDATE numbers_number n SET until = now() - interval '1 day' FROM bench_subscription s"
    " WHERE n.subscription_id = s.id AND n.status = 'quarantined'",
    "SELECT sum(numbers_expire(w.subscription_id, w.numbers, 'bench', 'bench')) FROM ("
    " SELECT n.subscription_id, array_agg(n.e164) AS numbers FROM numbers_number n"
    " JOIN bench_subscription s ON s.id = n.subscription_id"
    " WHERE n.status = 'quarantined' GROUP BY 1) w",
    "VACUUM ANALYZE numbers_number",
)


def _release(sql: psycopg.Connection[tuple[object, ...]]) -> None:
    for statement in RELEASE:
        sql.execute(statement)


STAFF = """
WITH taken AS (
    SELECT i ->> 'e164' AS e164, row_number() OVER (ORDER BY i ->> 'e164') AS n
    FROM numbers_assign_v2(%(group)s::uuid, jsonb_build_array(jsonb_build_object(
             'path', %(path)s::text, 'actor', 'bench', 'request', 'bench', 'status', 'assigned',
             'subscription_id', %(subscription)s::uuid, 'sku', %(sku)s::text,
             'quantity', %(quantity)s::int))) a,
         json_array_elements(a.answer::json -> 'items') AS i
), made AS (
    INSERT INTO users_user (id, group_id, subscription_id, login, display_name, kind)
    SELECT gen_random_uuid(), %(group)s::uuid, %(subscription)s::uuid, 'bench ' || n,
           'Bench ' || n, 'user'
    FROM generate_series(1, %(quantity)s::int) AS n
    WHERE NOT EXISTS (SELECT FROM users_user u WHERE u.login = 'bench ' || n
                      AND u.subscription_id = %(subscription)s::uuid)
    RETURNING id, login
), staff AS (
    SELECT id, login FROM made UNION ALL
    SELECT id, login FROM users_user
    WHERE subscription_id = %(subscription)s::uuid AND login LIKE 'bench %%'
)
INSERT INTO bench_user (user_id, subscription_id, e164, login, crowd)
SELECT m.id, %(subscription)s::uuid, t.e164, m.login, %(crowd)s::boolean
FROM staff m JOIN taken t ON m.login = 'bench ' || t.n
"""


def _staff(
    sql: psycopg.Connection[tuple[object, ...]], stage: Stage, subscription: str, quantity: int
) -> None:
    sql.execute(
        STAFF,
        {
            "group": stage.group_id,
            "path": stage.path,
            "subscription": subscription,
            "sku": STOCK,
            "quantity": quantity,
            "crowd": quantity == CROWD,
        },
    )


def unlink_all(stage: Stage) -> None:
    """Unlink all users, and let pgbench begin with the first one again."""
    with psycopg.connect(stage.database_url, autocommit=True) as sql:
        sql.execute(UNLINK)
        sql.execute("ALTER SEQUENCE bench_next RESTART")
        sql.execute("VACUUM ANALYZE numbers_number")


def assign(stage: Stage, sku: str = STOCK) -> list[bytes]:
    """The next free number, for one subscription after another."""
    body = json.dumps({"sku": sku, "quantity": 1}).encode()
    return [
        request("POST", f"/api/v1/subscriptions/{id}/numbers", stage.token, body)
        for id in shuffled(stage.subscriptions)
    ]


def link(stage: Stage, users: list[tuple[str, str, str]]) -> list[bytes]:
    """Each user to its number."""
    return [
        request(
            "PUT",
            f"/api/v1/subscriptions/{subscription}/users/{user}/number",
            stage.token,
            json.dumps({"number": e164}).encode(),
        )
        for user, subscription, e164 in users
    ]


def calls(stage: Stage, trunks: list[str]) -> Iterator[bytes]:
    """Endless pairs of requests that admit and end a call, on each trunk in turn."""
    body = json.dumps({"caller": "+3225550100", "callee": "+3225550199"}).encode()
    mine = next(_callers)
    for number in count():
        trunk = trunks[(mine * 61 + number) % len(trunks)]
        path = f"/api/v1/trunks/{trunk}/calls/outbound/bench-{mine}-{number}"
        yield request("PUT", path, stage.token, body)
        yield request("DELETE", path, stage.token)


_callers = count()
