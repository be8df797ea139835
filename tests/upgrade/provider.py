"""A provider created only through the API, so that any release can create it."""

import json
from dataclasses import dataclass
from typing import Any

import httpx

from tests.upgrade.releases import Release

EMAIL = "night@example.com"
PASSWORD = "a password for the tests alone"


@dataclass(frozen=True)
class Provider:
    """The data of a provider for callers."""

    group: str
    subscription: str
    other: str
    seat: str
    users: list[str]
    numbers: list[str]
    trunk: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        """The headers of every request of its API client."""
        return {"Authorization": f"Bearer {self.token}"}


def found(release: Release, database: str) -> tuple[str, dict[str, str]]:
    """Create a group, its administrator and an API client on the command line."""
    made = release.fusion("create-group", "Example Telecom", database=database)
    assert made.returncode == 0, made.stderr
    group = made.stdout.strip()
    person = release.fusion(
        "create-administrator", group, EMAIL, "--password-stdin", database=database, said=PASSWORD
    )
    assert person.returncode == 0, person.stderr
    client = release.fusion("create-client", group, "--json", database=database)
    assert client.returncode == 0, client.stderr
    return group, json.loads(client.stdout)


def furnish(url: str, group: str, client: dict[str, str], users: int = 40) -> Provider:
    """Products, two subscriptions, numbers, users and a trunk."""
    with httpx.Client(base_url=url, timeout=60) as http:
        answer = http.post(
            "/oauth/token",
            data={
                "grant_type": "client_credentials",
                "client_id": client["client_id"],
                "client_secret": client["client_secret"],
            },
        )
        assert answer.status_code == 200, answer.text
        http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        sku = {"code": "be-geo", "name": "Belgian", "country": "BE", "number_type": "geographic"}
        _post(http, "/api/v1/skus", sku)
        items = [{"sku": code, "quantity": 1} for code in ("user", "sip-channel", "be-geo")]
        seat = _post(http, "/api/v1/products", {"code": "seat", "name": "Seat", "items": items})
        tenant = _post(
            http,
            "/api/v1/organizations",
            {"parent_id": group, "kind": "tenant", "name": "Example Shop"},
        )
        main, other = (
            _post(http, "/api/v1/subscriptions", {"tenant_id": tenant["id"], "name": name})["id"]
            for name in ("Main", "Other")
        )
        block = {"sku": "be-geo", "first": "+3225550000", "last": "+3225559999"}
        _post(http, "/api/v1/number-ranges", block)
        for subscription in (main, other):
            lines = [{"product_id": seat["id"], "quantity": 2_000}]
            _post(http, "/api/v1/orders", {"subscription_id": subscription, "lines": lines})
        base = f"/api/v1/subscriptions/{main}"
        wanted = {"sku": "be-geo", "quantity": users}
        numbers = _post(http, f"{base}/numbers", wanted)["items"]
        made = [
            _post(http, f"{base}/users", {"login": f"user-{n}", "display_name": f"User {n}"})["id"]
            for n in range(users)
        ]
        trunk = _post(http, f"{base}/trunks", {"name": "Exchange", "country": "BE"})["id"]
        return Provider(
            group=group,
            subscription=main,
            other=other,
            seat=seat["id"],
            users=made,
            numbers=[number["e164"] for number in numbers],
            trunk=trunk,
            token=answer.json()["access_token"],
        )


def sign_in(http: httpx.Client, url: str) -> None:
    """Sign the administrator in; the client keeps the session's cookie."""
    http.get(f"{url}/sign-in")
    form = {
        "csrfmiddlewaretoken": http.cookies["csrf"],
        "login": EMAIL,
        "password": PASSWORD,
    }
    answer = http.post(f"{url}/sign-in", data=form)
    assert answer.status_code == 302, answer.text


def _post(http: httpx.Client, path: str, body: dict[str, Any]) -> Any:
    answer = http.post(path, json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()
