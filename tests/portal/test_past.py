"""Every page and every report, for everyone, of a provider that is half a year old."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from fusion.access.actor import ADMINISTRATOR, AGENT, KINDS, ROLES, VIEWER
from fusion.accounts.invite_member import invite_member
from fusion.api import api
from fusion.clients.create_client import create_client
from fusion.events.models import Event
from fusion.events.types import EVENT_TYPES
from fusion.kernel.clock import instant
from fusion.reporting import rollup
from fusion.reporting.rollup import refresh_group
from tests.lifecycle.jobs import submitted as submitted_job
from tests.numbers.porting import requested as port_requested
from tests.numbers.stock import block, range_of
from tests.past import NumericRead, Past, make_past, no_numeric
from tests.portal.people import join, make_person, signed_in
from tests.portal.test_statements import addresses
from tests.portal.walking import walk
from tests.world import answer


@pytest.fixture(scope="module")
def made() -> Past:
    """The past, in a group that has members, invitations and clients."""
    made = make_past()
    for kind in KINDS:
        organization = getattr(made.world, kind)
        given = {"organization_id": organization.id}
        join(make_person(), organization, AGENT)
        email = f"{organization.id}@example.com"
        invite_member(made.world.actor(), email=email, role=AGENT, **given)
        create_client(made.world.actor(), name="Billing", scopes=["orders:read"], **given)
    return made


def ids(made: Past) -> dict[str, Any]:
    """What the addresses of pages and routes name."""
    main = made.world.subscription
    user = made.users[main.id][1]
    number = made.world.call("GET", f"/subscriptions/{main.id}/numbers")
    e164 = answer(number)["items"][0]["e164"]
    return {
        "group_id": made.world.group.id,
        "other_id": made.branch.tenant_id,
        "organization_id": made.world.tenant.id,
        "reseller_id": made.world.reseller.id,
        "subscription_id": main.id,
        "product_id": made.world.seat.id,
        "sku_id": made.world.user_sku.id,
        "order_id": made.orders[0],
        "order_request_id": made.requests[2],
        "request_id": made.requests[2],
        "user_id": user["id"],
        "e164": e164,
        "number_range_id": range_of(e164).id,
        "port_request_id": port_requested(made.world, "in", block(1))["id"],
        "trunk_id": made.trunks[main.id],
        "job_id": made.job,
        "bulk_id": submitted_job(made.world, "resume", made.world.tenant)["id"],
        "format": "csv",
        "country": "BE",
        "number": "112",
    }


def session(made: Past, kind: str, role: str) -> Client:
    return signed_in(make_person((getattr(made.world, kind), role)))


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("kind", KINDS)
def test_pages_that_are_reached(made: Past, kind: str, role: str) -> None:
    client = session(made, kind, role)
    with no_numeric():
        shapes = [(page.path, page.status) for page in walk(client)]
    assert [each for each in shapes if each[1] != 200] == []
    assert len(shapes) >= 20


@pytest.mark.parametrize("kind", KINDS)
def test_overviews_of_every_sku(made: Past, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    skus = ("", "user", "sip-channel", "fr-geographic", "be-geographic", "nothing")
    own = getattr(made.world, kind)
    below = [each for each in made.organizations() if each.path.startswith(own.path)]
    refresh_group(made.world.group.id, 0)
    for large, role in ((rollup.LARGE, VIEWER), (0, ADMINISTRATOR)):  # by ledger, by roll-up
        monkeypatch.setattr(rollup, "LARGE", large)
        client = session(made, kind, role)
        with no_numeric():
            for organization in below:
                path = reverse("home-below", args=[organization.id])
                for sku in skus:
                    status = client.get(path, {"sku": sku}).status_code
                    assert status == (422 if sku == "nothing" else 200) or (sku and status == 422)
            home = client.get("/")
        assert home.status_code == 200 and b'class="used"' in home.content


def test_pages_by_their_addresses(made: Past) -> None:
    known = ids(made) | {"member_id": "", "invitation_id": "", "client_id": ""}
    for kind in ("group", "tenant"):
        client, wanted = session(made, kind, ADMINISTRATOR), 0
        with no_numeric():
            for name, address in _known_addresses(known):
                answer = client.get(address)
                b"".join(answer)
                assert answer.status_code in (200, 302, 303, 403, 404, 405, 409), (name, address)
                wanted += answer.status_code == 200
        assert wanted >= 40, kind


def _known_addresses(known: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Those of what the past has; members, invitations and clients are reached by walking."""
    nobody = "00000000-0000-7000-8000-000000000000"
    yield from addresses({name: value or nobody for name, value in known.items()})


def test_every_route_that_reads(made: Past) -> None:
    known, wanted, without_rows = ids(made), set(), set()
    first, last = instant(made.day(29, 0)), instant(made.day(0, 0))
    with no_numeric():
        for path, item in api.get_openapi_schema()["paths"].items():
            names = {each["name"] for each in item.get("get", {}).get("parameters", ())}
            here = {name for name in names if "{" + name + "}" in path}
            if "get" not in item or not here <= set(known):
                continue
            named = known | {"request_id": known["port_request_id"]} if "port-" in path else known
            if "/organizations/" in path:
                named = named | {"job_id": known["bulk_id"]}
            if path.endswith("/settings"):
                named = named | {"organization_id": made.world.group.id}
            address = path.removeprefix("/api/v1").format(**named)
            period = f"?from={first}&to={last}" if {"from", "to"} <= names else ""
            at = f"?at={first}" if "at" in names else ""
            for query in {"", period, at}:
                response = made.world.call("GET", address + query)
                b"".join(response)
                assert response.status_code == 200, (path, query, response.content)
                wanted.add(path)
            if "csv" in str(item["get"]["responses"].get(200)):
                response = made.world.call("GET", address + period, headers={"Accept": "text/csv"})
                if b"".join(response).count(b"\n") == 1:
                    without_rows.add(path.removeprefix("/api/v1"))
    assert len(wanted) >= 35
    numbers_of_trunk = "/subscriptions/{subscription_id}/trunks/{trunk_id}/numbers"
    assert without_rows == {"/calls", numbers_of_trunk}, "all else has rows of the past"


def test_events_of_the_past_are_registered(made: Past) -> None:
    events = Event.objects.filter(group_id=made.world.group.id)
    written = set(events.values_list("type", flat=True))
    assert len(written) >= 10 and written <= EVENT_TYPES


def test_a_numeric_is_found() -> None:
    def ask() -> Any:
        with connection.cursor() as cursor:
            cursor.execute("SELECT sum(n) FROM generate_series(1::bigint, 2) AS n")
            return cursor.fetchone()

    with no_numeric(), pytest.raises(NumericRead):
        ask()
    assert ask() == (3,)
