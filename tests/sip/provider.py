"""A provider with one customer's trunk, made through the API of a real server, and asked there."""

import json
import os
import subprocess
from dataclasses import dataclass, field
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
    subscription_id: str = ""
    trunk_id: str = ""
    _token: str = ""
    _product_id: str = ""

    def found(self) -> None:
        """Group, client, tenant, subscription, a product of one SIP channel, a trunk in Belgium."""
        group = self._command("create-group", f"Example Tel {os.urandom(4).hex()}")
        self.credentials = self._command("create-client", group["id"])
        tenant = self.post(
            "/organizations", kind="tenant", parent_id=group["id"], name="Example Customer"
        )
        subscription = self.post("/subscriptions", tenant_id=tenant["id"], name="Main")
        self.subscription_id = subscription["id"]
        product = self.post(
            "/products",
            code="channel",
            name="A channel",
            items=[{"sku": "sip-channel", "quantity": 1}],
        )
        self._product_id = product["id"]
        self.trunk_id = self.post(
            f"/subscriptions/{self.subscription_id}/trunks", name="Main", country="BE"
        )["id"]

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
