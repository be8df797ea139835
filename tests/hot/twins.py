"""Two providers that are alike: one behind the hot application, the other behind Django alone.

Their answers are compared after ids, instants and phone numbers have got common names.
"""

import hashlib
import re
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from django.test import Client

from fusion.edge import middleware
from fusion.kernel.database import execute
from fusion.kernel.ids import new_id
from tests.hot.client import HotClient
from tests.numbers.stock import french, stock
from tests.world import World, answer, make_subscription, make_token

ID = re.compile(
    "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}", re.ASCII
)
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")

USERS, NUMBERS = 6, 8


class Log:
    """Takes the place of the access log: keeps what is logged."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []

    def info(self, event: str, **fields: Any) -> None:
        """One line; only the time that it took may differ."""
        fields.pop("duration_ms")
        self.lines.append({"event": event, **fields})

    debug = info


@dataclass
class Twin:
    """One of the two: its provider, a client that sends requests, and the names given so far."""

    client: Client
    world: World = field(default_factory=World)
    names: dict[str, str] = field(default_factory=dict)
    things: dict[str, str] = field(init=False)
    tokens: dict[str, str] = field(init=False)
    numbers: list[str] = field(init=False)

    def __post_init__(self) -> None:
        world = self.world
        execute("SELECT ordering_make_sequence(%s::uuid)", [world.group.id])
        self.numbers = stock(world, NUMBERS)
        geographic, channels = french(world), world.product("channels", {world.channel_sku: 1})
        number = world.product("number", {geographic: 1})
        self.things = {
            "subscription": str(world.subscription.id),
            "other": str(make_subscription(world.tenant, "Other").id),
            "foreign": str(World().subscription.id),
            "nobody": str(new_id()),
            "product": str(world.seat.id),
            "channels": str(channels.id),
        }
        lines = [
            {"product_id": str(product.id), "quantity": 4}
            for product in (world.seat, channels, number)
        ]
        body = {"subscription_id": str(world.subscription.id), "lines": lines}
        assert world.call("POST", "/orders", body).status_code == 201
        self.things["trunk"] = self._made("trunks", {"name": "PBX", "country": "FR"})
        capped = {"name": "Capped", "country": "FR", "channel_cap": 1}
        self.things["capped"] = self._made("trunks", capped)
        for index in range(USERS):
            user = {"login": f"user{index}", "display_name": f"User {index}"}
            self.things[f"user{index}"] = self._made("users", user)
        self.tokens = {
            **{kind: world.token(getattr(world, kind)) for kind in ("group", "reseller", "tenant")},
            "stranger": make_token(World().group),
            "reports": make_token(world.group, ("reports:read",)),
            "connector": make_token(world.group),
            "unknown": "unknown-token",
        }
        execute(
            "UPDATE tenancy_apiclient SET connector = 'crm' WHERE id = (SELECT t.application_id"
            " FROM oauth2_provider_accesstoken t WHERE t.token_checksum = %s)",
            [hashlib.sha256(self.tokens["connector"].encode()).hexdigest()],
        )

    def _made(self, place: str, body: dict[str, Any]) -> str:
        path = f"/subscriptions/{self.world.subscription.id}/{place}"
        response = self.world.call("POST", path, body)
        assert response.status_code == 201, response.content
        return str(answer(response)["id"])

    def fill(self, text: str) -> str:
        """`text` with the ids and numbers of this twin: `{trunk}`, `{number3}`."""

        def thing(found: re.Match[str]) -> str:
            name = found[1]
            if name.startswith("number"):
                return self.numbers[int(name[6:])]
            if name.startswith("token_"):
                return self.tokens[name[6:]]
            return self.things[name].upper() if found[2] else self.things[name]

        return re.sub(r"\{([a-z_]+[0-9]*)(!?)\}", thing, text)

    def send(self, request: dict[str, Any]) -> dict[str, Any]:
        """What is answered and logged, with common names in place of ids, instants and numbers."""
        log = Log()
        headers = {name: self.fill(value) for name, value in request["headers"].items()}
        content_type = headers.pop("content-type", "application/json")
        with patch.object(middleware, "log", log):
            response = self.client.generic(
                request["method"],
                self.fill(request["path"]),
                self.fill(request["body"]).encode(errors="surrogatepass"),
                content_type,
                query_params=request["query"],
                headers=headers,
            )
        return {
            "status": response.status_code,
            "headers": [(name, self.common(value)) for name, value in response.items()],
            "body": self.common(b"".join(response).decode()),
            "log": [self.common(repr(line)) for line in log.lines],
        }

    def common(self, text: str) -> str:
        """`text` with common names."""

        def name(found: re.Match[str]) -> str:
            return self.names.setdefault(found[0].lower(), f"<id {len(self.names)}>")

        text = INSTANT.sub("<instant>", ID.sub(name, text))
        for index, number in enumerate(self.numbers):
            text = text.replace(number[1:], f"<number {index}>")
        return text


def twins() -> tuple[Twin, Twin]:
    """A twin behind the hot application, and one without it."""
    return Twin(HotClient()), Twin(Client(headers={"host": "testserver"}))
