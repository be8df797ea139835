"""The requests, prepared as bytes."""

import json

import psycopg

from bench.load import request
from bench.stage import Stage, shuffled
from fusion.kernel.pagination import encode_cursor

BATCH = 1_000
"""Orders of one batch, each for another subscription."""

PAGE = 50
DEEP = 10_000
"""The deep page of the order list."""


def _order(stage: Stage, subscription: str) -> dict[str, object]:
    lines = [{"product_id": stage.product_id, "quantity": 1}]
    return {"subscription_id": subscription, "lines": lines}


def place(stage: Stage) -> list[bytes]:
    """Single orders of one line, for each subscription in turn."""
    return [
        request("POST", "/api/v1/orders", stage.token, json.dumps(_order(stage, id)).encode())
        for id in shuffled(stage.subscriptions)
    ]


def place_batch(stage: Stage) -> list[bytes]:
    """One batch of a thousand orders of one line."""
    orders = [_order(stage, id) for id in shuffled(stage.subscriptions)[:BATCH]]
    body = json.dumps({"orders": orders}).encode()
    return [request("POST", "/api/v1/orders/batch", stage.token, body)]


def balances(stage: Stage) -> list[bytes]:
    """The balances of one subscription after another."""
    return [
        request("GET", f"/api/v1/subscriptions/{id}/balances", stage.token)
        for id in shuffled(stage.subscriptions)
    ]


def first_page(stage: Stage) -> list[bytes]:
    """The newest orders of the group."""
    return [request("GET", f"/api/v1/orders?limit={PAGE}", stage.token)]


def deep_page(stage: Stage) -> list[bytes]:
    """The 10,000th page, or the middle one if there are fewer.

    Its cursor is that of page 9,999, looked up directly instead of reading all pages before it.
    """
    with psycopg.connect(stage.database_url) as sql:
        sql.execute("SET TIME ZONE 'UTC'")
        (orders,) = sql.execute("SELECT count(*) FROM ordering_order").fetchone() or (0,)
        last = min((DEEP - 1) * PAGE, orders // 2)
        at, id = sql.execute(
            "SELECT placed_at, id FROM ordering_order ORDER BY placed_at DESC, id DESC"
            " OFFSET %s LIMIT 1",
            [last - 1],
        ).fetchone() or (None, None)
    cursor = encode_cursor(at.isoformat() if at else "", id)
    return [request("GET", f"/api/v1/orders?limit={PAGE}&cursor={cursor}", stage.token)]
