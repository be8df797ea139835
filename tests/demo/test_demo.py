"""`fusion demo`, as a newcomer runs it, and as scripts use what it leaves."""

import re
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest
from django.contrib.auth.hashers import check_password

from fusion.access.actor import KINDS, ROLES, SCOPES
from fusion.embedded import Cluster
from tests.demo.running import Demo, child_running
from tests.server import fusion


def test_shows_the_main_job(demo: Demo) -> None:
    """Granted once, refused with the reason, given back."""
    said = " ".join(demo.output.split())
    assert "completed: +20 be-geographic, +20 user" in said
    assert "the former answer, no second effect" in said
    assert "409 refused, not-held: The subscription holds" in said
    assert "completed: -20 be-geographic, -20 user" in said


def test_shows_what_is_provisioned(demo: Demo) -> None:
    """Within what was ordered, and not one further."""
    said = " ".join(demo.output.split())
    assert "200 A newcomer has +" in said
    assert "409 refused, no-entitlement: be-geographic:" in said
    calls = re.search(r"201 (\d+) calls admitted, the last with (\d+) in use", said)
    assert calls is not None and int(calls[1]) == int(calls[2]) > 1
    assert f"409 refused, no-free-channel: The subscription has {calls[1]} SIP channels" in said
    assert "an emergency call passes all the same" in said


def test_the_terminal_is_for_people(demo: Demo) -> None:
    """What the use cases log while the past is made up stays away from it."""
    assert [line for line in demo.output.splitlines() if line.startswith("{")] == []


def test_facts(demo: Demo, folder: Path) -> None:
    """The shape that scripts rely on, for the owner's eyes only."""
    facts = demo.facts()
    assert (folder / "var/demo.json").stat().st_mode & 0o777 == 0o600
    assert list(facts) == [
        "base_url",
        "group_id",
        "tenant_id",
        "subscription_id",
        "product_ids",
        "clients",
        "logins",
    ]
    assert facts["base_url"] == f"http://127.0.0.1:{demo.port}"
    assert len(facts["product_ids"]) >= 12
    assert list(facts["clients"]) == ["group", "distributor", "reseller", "tenant", "other_group"]
    for client in facts["clients"].values():
        assert set(client) == {"client_id", "client_secret"}
    for login in facts["logins"]:
        assert list(login) == ["organization_kind", "role", "email", "password"]
        assert login["email"].endswith((".example.com", ".example.net"))
    offered = {(login["organization_kind"], login["role"]) for login in facts["logins"]}
    assert offered == {(kind, role) for kind in KINDS for role in ROLES}


@pytest.mark.parametrize("name", ["group", "distributor", "reseller", "tenant"])
def test_clients_see_the_subscription(demo: Demo, name: str) -> None:
    """It lies under the organization of each client; each has all scopes of its level."""
    facts = demo.facts()
    with demo.caller(name) as api:
        subscription = api.get(f"/subscriptions/{facts['subscription_id']}").json()
        assert subscription["tenant_id"] == facts["tenant_id"]
        assert subscription["group_id"] == facts["group_id"]
        balances = api.get(f"/subscriptions/{facts['subscription_id']}/balances").json()["items"]
        assert any(balance["granted"] > 0 for balance in balances)
        assert api.get("/events", params={"limit": 5}).json()["items"]
        products = api.get("/products", params={"limit": 500}).json()["items"]
        active = {item["code"]: item["id"] for item in products if item["status"] == "active"}
        assert active == facts["product_ids"]
    lacking = set() if name == "group" else {"catalogue:write"}
    assert granted_scopes(demo, name) == set(SCOPES) - lacking


def granted_scopes(demo: Demo, name: str) -> set[str]:
    client = demo.facts()["clients"][name]
    answer = httpx.post(
        f"{demo.facts()['base_url']}/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(client["client_id"], client["client_secret"]),
    )
    return set(answer.json()["scope"].split())


def test_other_provider_sees_nothing(demo: Demo) -> None:
    """A second provider has things of its own, and none of the first one's."""
    facts = demo.facts()
    with demo.caller("other_group") as api:
        assert api.get(f"/subscriptions/{facts['subscription_id']}").status_code == 404
        assert api.get("/orders").json()["items"]
        assert not set(facts["product_ids"].values()) & {
            item["id"] for item in api.get("/products").json()["items"]
        }


def test_orders_of_every_state(demo: Demo) -> None:
    """Some months of them."""
    with demo.caller("group") as api:
        for state in ("completed", "scheduled", "failed", "cancelled"):
            found = api.get("/orders", params={"state": state}).json()["items"]
            assert found
            assert {order["state"] for order in found} == {state}
        first = api.get("/orders", params={"placed_to": "2100-01-01T00:00:00Z", "limit": 500})
        assert len({order["placed_at"][:7] for order in first.json()["items"]}) >= 6


def test_place_an_order(demo: Demo) -> None:
    """As the README does it."""
    facts = demo.facts()
    with demo.caller("group") as api:
        path = f"/subscriptions/{facts['subscription_id']}/balances"
        before = {row["sku"]: row["granted"] for row in api.get(path).json()["items"]}
        placed = api.post(
            "/orders",
            json={
                "subscription_id": facts["subscription_id"],
                "lines": [{"product_id": facts["product_ids"]["team-be-10"], "quantity": 1}],
            },
            headers={"Idempotency-Key": str(uuid4())},
        )
        assert placed.status_code == 201
        after = {row["sku"]: row["granted"] for row in api.get(path).json()["items"]}
    assert {sku: after[sku] - before[sku] for sku in after if after[sku] != before[sku]} == {
        "user": 10,
        "be-geographic": 10,
    }


def test_every_product_can_be_ordered(demo: Demo) -> None:
    """None of those offered to scripts is retired."""
    facts = demo.facts()
    lines = [{"product_id": id, "quantity": 1} for id in facts["product_ids"].values()]
    with demo.caller("group") as api:
        body = {"subscription_id": facts["subscription_id"], "lines": lines}
        assert api.post("/orders/preview", json=body).json()["allowed"] is True


def test_passwords(demo: Demo, folder: Path) -> None:
    """Each login's password is the one that is stored, and no two are equal."""
    logins = demo.facts()["logins"]
    assert len({login["password"] for login in logins}) == len(logins)
    with psycopg.connect(Cluster(folder / "var/postgres").url()) as connection:
        rows = connection.execute("SELECT email, password FROM tenancy_user").fetchall()
    stored: dict[str, str] = dict(rows)
    assert check_password(logins[0]["password"], stored[logins[0]["email"]])
    assert check_password(logins[-1]["password"], stored[logins[-1]["email"]])


def test_port_in_use(demo: Demo, folder: Path) -> None:
    """A second one says so, and leaves the first one alone."""
    second = Demo(folder, demo.port)
    assert second.ended() == 3
    assert f"Cannot listen on 127.0.0.1:{demo.port}" in second.output
    assert httpx.get(f"{demo.facts()['base_url']}/readyz").status_code == 200


def test_books(demo: Demo, folder: Path) -> None:
    """What `make verify` does, beside the running demonstration."""
    environment = {"DATABASE_URL": ""}
    checked = fusion("verify", cwd=str(folder), environment=environment)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_one_session(demo: Demo) -> None:
    """Whoever stops its session leaves nothing behind, the database's processes included."""
    names = {
        Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")[0].rpartition("/")[2]
        for pid in demo.session()
    }
    assert any("postgres" in name for name in names)
    assert child_running(demo, "serve")
    assert child_running(demo, "worker")
