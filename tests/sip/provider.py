"""A provider with one customer's trunk, made through the API of a real server, and asked there."""

import json
import os
import subprocess
from dataclasses import dataclass, field, replace
from typing import Any

import httpx

from tests.server import fusion, wait_for

EVERY_SCOPE = "tenancy:write catalogue:write orders:write provisioning:write calls:write"


@dataclass
class Provider:
    """Its administrator's client, and the subscription with its trunk.

    `address` is where the server listens, `environment` what `fusion` commands need.
    """

    address: str
    environment: dict[str, str]
    credentials: dict[str, str] = field(default_factory=dict)
    group_id: str = ""
    subscription_id: str = ""
    trunk_id: str = ""
    _token: str = ""
    _product_id: str = ""

    def found(self) -> None:
        """A group with an API client, and a product of one SIP channel."""
        self.group_id = self._command("create-group", f"Example Tel {os.urandom(4).hex()}")["id"]
        self.credentials = self._command("create-client", self.group_id)
        items = [{"sku": "sip-channel", "quantity": 1}]
        product = self.post("/products", code="channel", name="A channel", items=items)
        self._product_id = product["id"]

    def customer(self) -> "Provider":
        """The same provider with a new customer's subscription, and a trunk in Belgium."""
        new = replace(self)
        tenant = new.post(
            "/organizations", kind="tenant", parent_id=new.group_id, name="Example Customer"
        )
        subscription = new.post("/subscriptions", tenant_id=tenant["id"], name="Main")
        new.subscription_id = subscription["id"]
        path = f"/subscriptions/{new.subscription_id}/trunks"
        new.trunk_id = new.post(path, name="Main", country="BE")["id"]
        return new

    def order_channels(self, quantity: int) -> None:
        """Order more SIP channels; negative: fewer."""
        self.post(
            "/orders",
            subscription_id=self.subscription_id,
            lines=[
                {
                    "product_id": self._product_id,
                    "action": "add" if quantity > 0 else "remove",
                    "quantity": abs(quantity),
                }
            ],
        )

    def cap(self, calls: int) -> None:
        """Cap the trunk."""
        path = f"/subscriptions/{self.subscription_id}/trunks/{self.trunk_id}"
        self._send("PATCH", path, {"channel_cap": calls})

    def suspend(self) -> None:
        """Suspend the subscription."""
        self.post(f"/subscriptions/{self.subscription_id}/suspend")

    def live_calls(self) -> list[dict[str, Any]]:
        """The calls that count at this moment."""
        answer = self._send("GET", f"/calls?subscription_id={self.subscription_id}&limit=500")
        items: list[dict[str, Any]] = answer["items"]
        return items

    def wait_for_calls(self, count: int, patience: float = 10.0) -> None:
        """Return when exactly so many calls are live."""
        wait_for(lambda: len(self.live_calls()) == count, f"{count} live calls", patience)

    def records(self) -> list[dict[str, Any]]:
        """What has ended, and why."""
        answer = self._send(
            "GET", f"/call-records?subscription_id={self.subscription_id}&limit=500"
        )
        items: list[dict[str, Any]] = answer["items"]
        return items

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        """Create something; what was created."""
        return self._send("POST", path, body)

    def _send(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        if not self._token:
            reply = httpx.post(
                f"{self.address}/oauth/token",
                data={"grant_type": "client_credentials", "scope": EVERY_SCOPE},
                auth=(self.credentials["client_id"], self.credentials["client_secret"]),
            )
            self._token = reply.json()["access_token"]
        reply = httpx.request(
            method,
            f"{self.address}/api/v1{path}",
            json=body,
            headers={"Authorization": f"Bearer {self._token}"},
            timeout=20,
        )
        assert reply.is_success, f"{method} {path}: {reply.status_code} {reply.text}"
        answer: dict[str, Any] = reply.json()
        return answer

    def _command(self, *arguments: str) -> dict[str, Any]:
        done: subprocess.CompletedProcess[str] = fusion(
            *arguments, "--json", environment=self.environment
        )
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer
