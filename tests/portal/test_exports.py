"""Every list of the portal is also a file, or stands here with the reason why not."""

import csv
import re
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.test import Client
from django.urls import reverse

import fusion.portal
from fusion.access.actor import ADMINISTRATOR, VIEWER
from fusion.portal.urls import urlpatterns
from tests.numbers.porting import requested
from tests.numbers.stock import block, french
from tests.portal.furnished import person
from tests.portal.test_statements import Shop, _named
from tests.world import World

TEMPLATES = Path(fusion.portal.__file__).parent / "templates" / "portal"

EXCEPTIONS = {
    "account/security.html": (1, "one's own second factor"),
    "account/settings.html": (1, "one's own sessions"),
    "bulk/list.html": (1, "each change has a file of its subscriptions"),
    "inventory/numbers.html": (1, "the free numbers per type are sums of the exported inventory"),
    "members/list.html": (1, "invitations are rows of the members' file"),
    "orders/detail.html": (3, "lines and changes of one order; the orders' file has the lines"),
    "orders/preview.html": (2, "a preview that nothing has stored"),
    "ports/detail.html": (1, "the history of one request"),
    "products/detail.html": (1, "the contents of one product; the products' file has them"),
    "provider/settings.html": (1, "a few emergency numbers, part of the settings"),
    "requests/detail.html": (1, "the lines of one request, which the requests' file has"),
    "subscriptions/numbers_changed.html": (1, "the result of one change, which the audit has"),
    "subscriptions/planned.html": (2, "scheduled orders, which the orders' file has"),
    "subscriptions/trunk.html": (1, "the calls of this second; the ended ones are a file"),
    "subscriptions/uploads.html": (1, "each upload has a file of its rows"),
}
"""Template → how many of its tables are no files, and why."""


def test_every_table_has_its_file_or_a_reason() -> None:
    missing = {}
    for path in sorted(TEMPLATES.rglob("*.html")):
        name, text = str(path.relative_to(TEMPLATES)), path.read_text()
        tables, files = text.count("<table"), text.count("{% downloads ")
        excused = EXCEPTIONS.get(name, (0, ""))[0]
        if tables > files + excused or (excused and tables < excused):
            missing[name] = (tables, files, excused)
    assert missing == {}


def exports() -> list[tuple[str, tuple[str, ...]]]:
    """Name and parameters of each URL of a file."""
    return [(name, each) for name, each in _named(urlpatterns, ()) if "format" in each]


def test_every_file_is_linked() -> None:
    texts = "".join(path.read_text() for path in TEMPLATES.rglob("*.html"))
    linked = set(re.findall(r'{% (?:downloads|url) "([a-z-]+)"', texts))
    assert {name for name, _ in exports()} <= linked


@pytest.fixture(scope="module")
def shop() -> Shop:
    """A provider with one or two of everything."""
    return Shop(World())


@pytest.mark.parametrize(("name", "parameters"), exports())
def test_every_file_opens_for_those_who_may(
    shop: Shop, name: str, parameters: tuple[str, ...]
) -> None:
    for kind, role in (("group", ADMINISTRATOR), ("group", VIEWER), ("tenant", VIEWER)):
        client = person(shop.world, kind, role)
        for format in ("csv", "xlsx"):
            path = reverse(
                name, kwargs={each: {**shop.ids, "format": format}[each] for each in parameters}
            )
            response: Any = client.get(path)
            if response.status_code == 403:
                assert (kind, role) != ("group", ADMINISTRATOR)
                continue
            assert response.status_code == 200, path
            content = b"".join(response)
            header = _header(content, format)
            assert header and len(set(header)) == len(header)
            if format == "csv":
                assert content.startswith(b"\xef\xbb\xbf")
                assert response.headers["Content-Type"] == "text/csv; charset=utf-8"


def _header(content: bytes, format: str) -> list[Any]:
    if format == "csv":
        return next(csv.reader(StringIO(content.decode("utf-8-sig"), newline="")))
    sheet: Any = openpyxl.load_workbook(BytesIO(content)).active
    return list(next(sheet.iter_rows(values_only=True)))


def rows(client: Client, path: str) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    response: Any = client.get(path)
    assert response.status_code == 200, path
    text = b"".join(response).decode("utf-8-sig")
    return list(csv.DictReader(StringIO(text, newline="")))


def test_files_have_what_their_pages_show(shop: Shop) -> None:
    world, client = shop.world, person(shop.world)
    (request, *_) = rows(client, "/order-requests.csv")
    assert request["customer"] == world.tenant.name and request["state"] == "open"
    assert request["lines"].startswith("add 1 p-") and request["requested_at"].endswith("Z")
    assert rows(client, "/order-requests.csv?state=rejected") == []
    products = {row["code"]: row for row in rows(client, "/products.csv")}
    assert "1 user" in products[world.seat.code]["items"]
    assert rows(client, f"/products.csv?q={world.seat.code}&status=retired") == []
    holders = rows(client, f"/products/{world.seat.id}/holders.csv")
    assert world.tenant.name in {row["customer"] for row in holders}
    revisions = rows(client, f"/products/{world.seat.id}/revisions.csv")
    assert [row["revision"] for row in revisions] == ["2", "1"]
    members = rows(client, f"/customers/{world.tenant.id}/members.csv")
    assert {row["status"] for row in members} == {"active", "invited"}
    events = rows(client, "/events.csv?type=order.*")
    assert events and all(row["type"].startswith("order.") for row in events)
    trunks = rows(client, f"/subscriptions/{world.subscription.id}/trunks.csv")
    assert {row["country"] for row in trunks} == {"BE"}
    calls = rows(
        client, f"/subscriptions/{world.subscription.id}/trunks/{shop.ids['trunk_id']}/calls.csv"
    )
    assert calls and calls[0]["trunk_id"] == str(shop.ids["trunk_id"])


def test_port_requests_are_a_file_of_their_state(world: World) -> None:
    french(world)
    numbers = block(2)
    requested(world, "in", numbers)
    client = person(world, "tenant", VIEWER)
    (row,) = rows(client, "/port-requests.csv")
    assert row["numbers"].lstrip("'") == ", ".join(numbers)
    assert (row["direction"], row["state"], row["customer"]) == ("in", "open", world.tenant.name)
    assert rows(client, "/port-requests.csv?state=completed") == []


def test_files_of_others_are_not_found(shop: Shop) -> None:
    other = person(World())
    for name, parameters in exports():
        ids = {**shop.ids, "format": "csv"}
        owned = set(parameters) & {"organization_id", "subscription_id", "product_id"}
        if owned:
            path = reverse(name, kwargs={each: ids[each] for each in parameters})
            assert other.get(path).status_code == 404, path
