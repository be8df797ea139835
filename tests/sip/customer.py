"""A customer with a SIP trunk and a proxy's API client, and Fusion's view of its calls."""

from typing import Any
from uuid import UUID

from tests.numbers.stock import assigned, entitle, stock
from tests.server import wait_for
from tests.world import World, answer


class Customer:
    """A provider's customer with a trunk in Belgium and no channel yet."""

    def __init__(self) -> None:
        self._world = World()
        self.group_id: UUID = self._world.group.id
        self._product = self._world.product("channel", {self._world.channel_sku: 1})
        self.trunk_id: str = self._post(f"{self._subscription}/trunks", name="Main", country="BE")[
            "id"
        ]

    def client(self) -> tuple[str, str]:
        """Id and secret of an API client that can only admit and end calls."""
        path = f"/organizations/{self._world.group.id}/api-clients"
        made = self._post(path, name="Proxy", scopes=["calls:write"])
        return made["client_id"], made["client_secret"]

    def order_channels(self, quantity: int) -> None:
        """Order more SIP channels; negative: fewer."""
        action = "add" if quantity > 0 else "remove"
        line = {"product_id": self._product.id, "action": action, "quantity": abs(quantity)}
        self._post("/orders", subscription_id=self._world.subscription.id, lines=[line])

    def cap(self, calls: int) -> None:
        """Cap the trunk."""
        self._change(channel_cap=calls)

    def limit_rate(self, calls: int) -> None:
        """Limit the trunk's calls per second."""
        self._change(calls_per_second=calls)

    def _change(self, **changes: int) -> None:
        path = f"{self._subscription}/trunks/{self.trunk_id}"
        assert self._world.call("PATCH", path, changes).status_code == 200

    def route_number(self) -> str:
        """Route a French number to the trunk."""
        entitle(self._world, 1)
        [number] = stock(self._world, 1)
        assigned(self._world, number)
        path = f"{self._subscription}/trunks/{self.trunk_id}/numbers/{number}"
        assert self._world.call("PUT", path).status_code == 200
        return number

    def suspend(self) -> None:
        """Suspend the subscription."""
        self._post(f"{self._subscription}/suspend")

    def live_calls(self) -> list[dict[str, Any]]:
        """The live calls."""
        return self._items("/calls")

    def wait_for_calls(self, count: int, patience: float = 20.0) -> None:
        """Return when exactly so many calls are live."""
        wait_for(lambda: len(self.live_calls()) == count, f"{count} live calls", patience)

    def records(self) -> list[dict[str, Any]]:
        """The ended calls, with their reasons."""
        return self._items("/call-records")

    @property
    def _subscription(self) -> str:
        return f"/subscriptions/{self._world.subscription.id}"

    def _items(self, path: str) -> list[dict[str, Any]]:
        asked = f"{path}?subscription_id={self._world.subscription.id}&limit=500"
        items: list[dict[str, Any]] = answer(self._world.call("GET", asked))["items"]
        return items

    def _post(self, path: str, **body: str | UUID | list[Any]) -> dict[str, Any]:
        response = self._world.call("POST", path, body)
        assert response.status_code in (200, 201), response.content
        made: dict[str, Any] = answer(response)
        return made
