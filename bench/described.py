"""What the described routes cost beside the hot ones: the server's processor time per request.

The measure is reading balances through Django: a request that the hot application passes on.
"""

from statistics import median
from typing import Any

from bench import provisioning, requests
from bench.compare import CONNECTIONS, WARM_UP, must_succeed
from bench.cpu import measured
from bench.load import drive, request
from bench.provisioning import FEW
from bench.stage import Stage


def measure_described(stage: Stage, seconds: float, rounds: int) -> dict[str, Any]:
    """Per kind of request: milliseconds of the server, and their ratio to balances by Django."""
    sent = {"balances": _through_django(requests.balances(stage)), **_described(stage)}
    for each in sent.values():
        drive(stage.port, each, connections=CONNECTIONS, seconds=WARM_UP / 2)
    taken: dict[str, list[float]] = {name: [] for name in sent}
    for _ in range(rounds):
        for name, each in sent.items():
            taken[name].append(_server_ms(stage, each, seconds))
    return {
        f"described_{name}": {
            "server_ms": round(median(taken[name]), 3),
            "balances_ms": round(median(taken["balances"]), 3),
            "ratio": round(
                median(
                    one / other for one, other in zip(taken[name], taken["balances"], strict=True)
                ),
                2,
            ),
            "runs": rounds,
        }
        for name in sent
        if name != "balances"
    }


def _described(stage: Stage) -> dict[str, list[bytes]]:
    ground = provisioning.prepare(stage, FEW)
    users = [
        request("GET", f"/api/v1/subscriptions/{subscription}/users/{user}", stage.token)
        for user, subscription, _ in ground.kits[:1000]
    ]
    orders = [
        request("GET", f"/api/v1/orders/{order['id']}", stage.token)
        for order in stage.call("GET", "/orders?limit=200")["items"]
    ]
    return {"user": users, "order": orders, "list": requests.first_page(stage)}


def _through_django(sent: list[bytes]) -> list[bytes]:
    """A second space before the token is allowed, and unusual."""
    return [each.replace(b"Bearer ", b"Bearer  ", 1) for each in sent]


def _server_ms(stage: Stage, sent: list[bytes], seconds: float) -> float:
    with measured(stage) as used:
        load = drive(stage.port, sent, connections=CONNECTIONS, seconds=seconds)
    must_succeed(load)
    return 1000 * used.server / sum(load.statuses.values())
