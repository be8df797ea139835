"""One large group in a database of its own, filled by the functions that serve."""

import hashlib
from collections.abc import Iterable
from itertools import count
from typing import Any
from uuid import UUID

import orjson
import psycopg

GROUP = "00000000-0000-7000-8000-000000000001"
TENANT = "00000000-0000-7000-8000-000000000002"
GROUP_PATH = f"{GROUP.replace('-', '')}/"
PATH = f"{GROUP_PATH}{TENANT.replace('-', '')}/"

LARGE = 1
"""The subscription with `OWN` numbers and users; each of the others has `FEW`."""

OWN, FEW = 150, 3
FREE = 2_000
"""Numbers that nobody has: the first ones of the only range."""

PRODUCTS = 30
"""Products; as many SKUs."""

NUMBER_SKU = 3
_FIRST = 3222000000
_ids = count(1)

NEVER_ANALYSED = """
DO $$
DECLARE
    v_table regclass;
BEGIN
    FOR v_table IN
        SELECT c.oid FROM pg_class c
        WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
    LOOP
        EXECUTE format('ALTER TABLE %s SET (autovacuum_enabled = off)', v_table);
    END LOOP;
END
$$
"""

Database = psycopg.Connection[Any]


def id_of(kind: str, nth: int) -> str:
    """The id of a row."""
    return str(UUID(hashlib.md5(f"{kind} {nth}".encode(), usedforsecurity=False).hexdigest()))


def number(nth: int) -> str:
    """The number with this index in the range."""
    return f"+{_FIRST + nth}"


def own(subscription: int) -> range:
    """The indexes of a subscription's users and of its numbers."""
    if subscription == LARGE:
        return range(FREE, FREE + OWN)
    first = FREE + OWN + FEW * subscription
    return range(first, first + FEW)


def call(subscription: int, /, **members: Any) -> dict[str, Any]:
    """A call for the subscription with this index."""
    caller = {"actor": "test", "request": "test", "path": GROUP_PATH}
    return {**caller, "subscription_id": id_of("subscription", subscription), **members}


def order(subscription: int, action: str = "add", quantity: int = 1, **more: Any) -> dict[str, Any]:
    """An order for it, of one line."""
    line = {"product_id": id_of("product", 1), "action": action, "quantity": quantity}
    return call(subscription, id=id_of("order", next(_ids)), lines=[line], **more)


def admitted(subscription: int, name: str) -> dict[str, Any]:
    """A call on its trunk."""
    trunk = id_of("trunk", subscription)
    parties = {"caller": number(own(subscription)[0]), "callee": "+3225550199"}
    named = {"trunk_id": trunk, "direction": "outbound", "call_id": f"{name} {subscription}"}
    return call(subscription, lease_seconds=3600, **named, **parties)


def run(database: Database, function: str, calls: list[dict[str, Any]]) -> list[Any]:
    """The rows that a hot function returns."""
    statement = f"SELECT * FROM {function}(%s::uuid, %s::jsonb)"
    return database.execute(statement, [GROUP, orjson.dumps(calls).decode()]).fetchall()


def insert(database: Database, table: str, rows: Iterable[dict[str, Any]]) -> None:
    """Rows with the same columns."""
    rows = list(rows)
    with database.cursor().copy(f"COPY {table} ({', '.join(rows[0])}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(tuple(row.values()))


def write_catalogue(owner: Database) -> None:
    """The group with its products, SKUs and a range; the connection is in autocommit mode."""
    of_group = {"group_id": GROUP}
    named = {"status": "active", **of_group}
    group = {"id": GROUP, "kind": "group", "parent_id": None, "path": GROUP_PATH, "name": "Large"}
    tenant = {"id": TENANT, "kind": "tenant", "parent_id": GROUP, "path": PATH, "name": "Tenant"}
    insert(owner, "tenancy_organization", [{**group, **named}, {**tenant, **named}])
    metrics = {1: "user", 2: "sip_channel"}
    insert(
        owner,
        "catalogue_sku",
        [
            {
                "id": id_of("sku", i),
                "code": f"sku{i}",
                "name": "",
                "type": "license" if i in metrics else "entitlement",
                "metric": metrics.get(i, "number"),
                "country": None if i in metrics else "BE",
                "number_type": None if i in metrics else "geographic",
                **of_group,
            }
            for i in range(1, PRODUCTS + 1)
        ],
    )
    products = [id_of("product", i) for i in range(1, PRODUCTS + 1)]
    insert(
        owner,
        "catalogue_product",
        [
            {
                "id": id,
                "code": id,
                "name": "",
                "description": "",
                "revision": 1,
                "version": 1,
                **named,
            }
            for id in products
        ],
    )
    revisions = [{"product_id": id, "revision": 1, **of_group} for id in products]
    insert(owner, "catalogue_productrevision", [{"actor": "test", **each} for each in revisions])
    items = [{"sku_id": id_of("sku", i), "quantity": 1} for i in (1, 2, NUMBER_SKU)]
    insert(
        owner,
        "catalogue_revisionitem",
        [{**each, **item} for each in revisions for item in items],
    )
    all_numbers = {"first": _FIRST, "last": _FIRST + 99_999, "sku_id": id_of("sku", NUMBER_SKU)}
    insert(owner, "numbers_range", [{"id": id_of("range", 1), **all_numbers, **of_group}])
    owner.execute("SELECT ordering_start_numbers()")


def write_numbers(owner: Database, numbers: Iterable[int]) -> None:
    """Free numbers of the range, by their indexes."""
    free = {"status": "free", "origin": "inventory", "group_id": GROUP}
    of_range = {"range_id": id_of("range", 1), "sku_id": id_of("sku", NUMBER_SKU)}
    insert(owner, "numbers_number", [{"e164": number(i), **free, **of_range} for i in numbers])


def write_subscriptions(owner: Database, subscriptions: range) -> None:
    """Subscriptions with orders, numbers, users of whom one is linked, a trunk and a live call."""
    group = {"group_id": GROUP}
    of_tenant = {"tenant_id": TENANT, "path": PATH, "name": "Site", "status": "active", **group}
    insert(
        owner,
        "tenancy_subscription",
        [{"id": id_of("subscription", i), **of_tenant} for i in subscriptions],
    )
    user = {"display_name": "User", "kind": "user", **group}
    pairs = [(i, n) for i in subscriptions for n in own(i)]
    insert(
        owner,
        "users_user",
        [
            {
                "id": id_of("user", n),
                "login": f"user {n}",
                "subscription_id": id_of("subscription", i),
                **user,
            }
            for i, n in pairs
        ],
    )
    trunk = {"name": "Trunk", "country": "BE", **group}
    insert(
        owner,
        "trunks_trunk",
        [
            {"id": id_of("trunk", i), "subscription_id": id_of("subscription", i), **trunk}
            for i in subscriptions
        ],
    )
    write_numbers(owner, [n for _, n in pairs])
    orders = [
        order(i, quantity=len(own(i)) + 20, external_reference=f"first {i}") for i in subscriptions
    ]
    later = [order(i, effective_at="2099-01-01T00:00:00Z") for i in subscriptions]
    numbers = [
        call(i, numbers=[number(n) for n in own(i)], status="assigned") for i in subscriptions
    ]
    links = [
        call(i, user_id=id_of("user", own(i)[0]), number=number(own(i)[0])) for i in subscriptions
    ]
    calls = [admitted(i, "live") for i in subscriptions]
    done = [
        *run(owner, "ordering_place_v2", orders),
        *run(owner, "ordering_place_v2", later),
        *run(owner, "numbers_assign_v2", numbers),
        *run(owner, "users_link_v2", links),
        *run(owner, "trunks_admit_v2", calls),
    ]
    assert {status for status, *_ in done} <= {200, 201}
