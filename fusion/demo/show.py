"""The main workflow on the terminal: an order, a repetition, its use up to the limit."""

import textwrap
from typing import Any
from uuid import uuid4

import click

from fusion.demo import story
from fusion.demo.caller import Caller, Reply

ORDERED = 2
EXCESS = 5
"""How many more than the held quantity the demo tries to remove, to show a refusal."""

WIDTH = 88


def show_main_job(facts: dict[str, Any], caller: Caller) -> None:
    """Order, repeat, remove too much, and remove the order's products, so that nothing
    accumulates."""
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
    show_use(caller, subscription)
    _heading(f"Give the {ORDERED} back, so that all is as before")
    _show_order(order("remove", ORDERED, str(uuid4())))


def show_use(caller: Caller, subscription: str) -> None:
    """A user gets a number, calls begin; one more than ordered is refused.

    Leaves nothing behind.
    """
    path = f"/subscriptions/{subscription}"
    _show_link(caller, path)
    balances = {row["sku"]: row for row in caller.get(f"{path}/balances")["items"]}
    excess = balances[story.NUMBERED]["available"] + 1
    _heading(f"Take {excess} more numbers")
    request_body = {"sku": story.NUMBERED, "quantity": excess}
    _show_refusal(caller.post(f"{path}/numbers", request_body, key=str(uuid4())))
    trunks = caller.get(f"{path}/trunks")["items"]
    if trunks:
        _show_calls(caller, trunks[0]["id"], path)


def _show_link(caller: Caller, path: str) -> None:
    numbers = caller.get(f"{path}/numbers?status=assigned&limit=500")["items"]
    spare = [each for each in numbers if not each["user_id"] and not each["trunk_id"]]
    if not spare:
        return
    _heading("A new user gets one of the subscription's numbers")
    newcomer = {"login": f"demo {uuid4()}", "display_name": "A newcomer"}
    user = caller.post(f"{path}/users", newcomer, key=str(uuid4())).body
    linked = caller.put(f"{path}/users/{user['id']}/number", {"number": spare[0]["e164"]})
    if linked.status == 200:
        _say(f"200  {linked.body['display_name']} has {linked.body['number']}: one licence used")
    else:
        _show_refusal(linked)
    caller.delete(f"{path}/users/{user['id']}")
    _say("204  deleted again: the number stays, the licence is free")


def _show_calls(caller: Caller, trunk: str, path: str) -> None:
    channels = caller.get(f"{path}/channels")["channels"]
    _heading(f"Begin calls on the trunk: {channels} channels are ordered")
    parties = {"caller": "+3225550001", "callee": "+3225550002"}
    names = [f"/trunks/{trunk}/calls/outbound/{uuid4()}" for _ in range(channels + 1)]
    replies = [caller.put(name, parties) for name in names]
    admitted = [reply for reply in replies if reply.status == 201]
    _say(f"201  {len(admitted)} calls admitted, the last with {admitted[-1].body['in_use']} in use")
    _show_refusal(replies[-1])
    emergency = f"/trunks/{trunk}/calls/outbound/{uuid4()}"
    if caller.put(emergency, {**parties, "callee": "112"}).status == 201:
        _say("201  an emergency call passes all the same")
    for name in (*names, emergency):
        caller.delete(name)


def _show_refusal(reply: Reply) -> None:
    _say(f"{reply.status}  refused, {reply.body['code']}: {reply.body['detail']}")


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
        _show_refusal(reply)
        return
    granted = ", ".join(f"{row['granted_delta']:+d} {row['sku']}" for row in body["changes"])
    if reply.replayed:
        _say(f"{reply.status}  order {body['number']} again: the former answer, no second effect")
    else:
        _say(f"{reply.status}  order {body['number']} {body['state']}: {granted}")
