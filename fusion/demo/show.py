"""The main job, shown on the terminal: what an order grants, once, and what it is refused for."""

import textwrap
from typing import Any
from uuid import uuid4

import click

from fusion.demo import story
from fusion.demo.caller import Caller, Reply

ORDERED = 2
EXCESS = 5
"""How many more than are held are asked back, to be refused."""

WIDTH = 88


def show_main_job(facts: dict[str, Any], caller: Caller) -> None:
    """Order, repeat, ask back too much, and give back what was ordered: nothing piles up."""
    caller.sign_in(**facts["clients"]["group"])
    subscription = facts["subscription_id"]
    product = caller.get(f"/products/{facts['product_ids'][story.ORDERED]}")
    tenant = caller.get(f"/organizations/{facts['tenant_id']}")
    items = ", ".join(f"{item['quantity']} {item['sku']}" for item in product["items"])
    _heading(f"The main job, over the API, for {tenant['name']}")
    _say(f"The product {product['code']}, “{product['name']}”, grants {items}.")
    _show_balances("Balances before", caller, subscription, items)

    def order(action: str, quantity: int, key: str) -> Reply:
        line = {"product_id": product["id"], "action": action, "quantity": quantity}
        return caller.post("/orders", {"subscription_id": subscription, "lines": [line]}, key=key)

    key = str(uuid4())
    _heading(f"Order {ORDERED} of it")
    placed = order("add", ORDERED, key)
    _show_order(placed)
    if placed.status != 201:
        return
    _heading("The same request again, with the same Idempotency-Key")
    _show_order(order("add", ORDERED, key))
    _show_balances("Balances after: granted once", caller, subscription, items)

    held = _held(caller, subscription, product["id"])
    _heading(f"Ask {held + EXCESS} back")
    _show_order(order("remove", held + EXCESS, str(uuid4())))
    _heading(f"Give the {ORDERED} back, so that all is as before")
    _show_order(order("remove", ORDERED, str(uuid4())))


def _held(caller: Caller, subscription: str, product: str) -> int:
    holdings = caller.get(f"/subscriptions/{subscription}/holdings?limit=500")["items"]
    return sum(row["quantity"] for row in holdings if row["product_id"] == product)


def _heading(text: str) -> None:
    click.echo()
    click.echo(click.style(text, bold=True))


def _say(text: str) -> None:
    click.echo(textwrap.fill(text, WIDTH, initial_indent="  ", subsequent_indent="  "))


def _show_balances(title: str, caller: Caller, subscription: str, items: str) -> None:
    _heading(title)
    rows = caller.get(f"/subscriptions/{subscription}/balances")["items"]
    click.echo(f"  {'':24}{'granted':>9}{'used':>9}{'available':>12}")
    for row in rows:
        marked = row["sku"] in items.replace(",", "").split()
        line = f"  {row['sku']:24}{row['granted']:>9}{row['used']:>9}{row['available']:>12}"
        click.echo(line if marked else click.style(line, dim=True))


def _show_order(reply: Reply) -> None:
    body = reply.body
    if reply.status != 201:
        _say(f"{reply.status}  refused, {body['code']}: {body['detail']}")
        return
    granted = ", ".join(f"{row['granted_delta']:+d} {row['sku']}" for row in body["changes"])
    if reply.replayed:
        _say(f"{reply.status}  order {body['number']} again: the former answer, no second effect")
    else:
        _say(f"{reply.status}  order {body['number']} {body['state']}: {granted}")
