"""Lists as files, for people and for programs: whole, filtered like their page, and unharmed."""

import csv
from io import BytesIO, StringIO
from typing import Any

import openpyxl
import orjson
import pytest

from fusion.access.actor import ADMINISTRATOR
from fusion.catalogue.models import Sku
from tests.numbers.stock import stock
from tests.ordering.placing import line, placed
from tests.portal.furnished import at, person
from tests.portal.people import make_person, signed_in
from tests.users.staff import created, equip, job, linked, results, submitted, work
from tests.world import World, answer

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def read(content: bytes, format: str) -> list[dict[str, str]]:
    """The rows of a file, by column."""
    if format == "csv":
        return list(csv.DictReader(StringIO(content.decode("utf-8-sig"), newline="")))
    sheet: Any = openpyxl.load_workbook(BytesIO(content)).active
    header, *rows = sheet.iter_rows(values_only=True)
    return [
        {name: "" if cell is None else str(cell) for name, cell in zip(header, row, strict=True)}
        for row in rows
    ]


def page(client: Any, path: str) -> list[dict[str, str]]:
    """The rows of a file of the portal."""
    response = client.get(path)
    assert response.status_code == 200, path
    content = b"".join(response)
    format = path.partition("?")[0].rpartition(".")[2]
    if format == "csv":
        assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert content.startswith(b"\xef\xbb\xbf")
    assert "attachment" in response.headers["Content-Disposition"]
    return read(content, format)


@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_users_go_out_and_come_back_unchanged(world: World, format: str) -> None:
    numbers = equip(world, 3, 2)
    names = ['Zoë; "the first"', "=HYPERLINK(1)", "'-x"]
    for login, name in zip(("ann", "bob", "cid"), names, strict=True):
        created(world, login, display_name=name)
    users = answer(world.call("GET", f"/subscriptions/{world.subscription.id}/users"))["items"]
    linked(world, users[0], numbers[0])
    linked(world, users[1], numbers[1])
    response: Any = person(world).get(f"{at(world, 'users')}.{format}")
    content = b"".join(response)
    rows = read(content, format)
    assert [row["login"] for row in rows] == ["cid", "bob", "ann"]
    if format == "csv":
        assert f"'{numbers[0]}" in content.decode(), "as text for a spreadsheet"
    id = submitted(world, content, "text/csv" if format == "csv" else XLSX)
    work()
    assert job(world, id)["unchanged"] == 3, results(world, id)


@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_every_list_of_the_portal_is_a_file(world: World, format: str) -> None:
    [number] = equip(world, 2, 1)
    linked(world, created(world, "ann"), number)
    free = stock(world, 3)
    client = signed_in(make_person((world.group, ADMINISTRATOR)))
    of = at(world)
    (user,) = page(client, f"{of}/users.{format}")
    assert user["login"] == "ann" and user["number"].lstrip("'") == number
    (mine,) = page(client, f"{of}/numbers.{format}")
    assert (mine["e164"].lstrip("'"), mine["linked_to"]) == (number, "Ann")
    kinds = {row["kind"] for row in page(client, f"{of}/ledger.{format}")}
    assert kinds == {"grant", "consume"}
    balances = {row["sku"]: row["used"] for row in page(client, f"{of}/balances.{format}")}
    assert balances["user"] == "1"
    assert {row["verb"] for row in page(client, f"{of}/audit.{format}")} >= {"user.create"}
    inventory = page(client, f"/inventory.{format}?status=free")
    assert [row["e164"].lstrip("'") for row in inventory] == free
    taken = page(client, f"/inventory.{format}?status=assigned")
    assert taken[0]["customer"] == world.tenant.name
    assert page(client, f"/inventory/ranges.{format}")[0]["first"].lstrip("'") == free[0]
    customers = {row["name"]: row["below"] for row in page(client, f"/customers.{format}")}
    assert world.tenant.name in customers and customers[world.group.name] == ""
    where = f"/customers/{world.group.id}"
    (subscription,) = page(client, f"{where}/subscriptions.{format}")
    assert subscription["customer"] == world.tenant.name
    assert {row["sku"] for row in page(client, f"{where}/balances.{format}")} >= {"user"}
    (usage,) = page(client, f"{where}/phone-usage.{format}")
    assert usage["login"] == "ann"
    assert page(client, f"/orders.{format}")
    assert any(row["by"] for row in page(client, f"/audit.{format}"))


def test_a_file_has_all_pages_and_the_filters_of_its_page(world: World) -> None:
    numbers = equip(world, 60, 60)
    for n, number in enumerate(numbers):
        linked(world, created(world, f"u{n:02}"), number)
    created(world, "queue", kind="resource_account")
    client = person(world, "tenant", "viewer")
    users = at(world, "users")
    assert len(page(client, f"{users}.csv")) == 61
    assert len(page(client, f"{users}.csv?kind=resource_account")) == 1
    assert len(page(client, f"{users}.xlsx?q=u1&linked=yes")) == 10
    assert len(page(client, f"{at(world, 'numbers')}.csv?status=unlinked")) == 0
    shown = client.get(f"{users}?q=u1").content.decode()
    assert f"{users}.xlsx?q=u1" in shown and "cursor=" not in shown.split("users.xlsx")[1][:40]
    for path in (f"{at(world, 'ledger')}.csv", f"{at(world, 'audit')}.csv"):
        assert client.get(f"{path}?from=2026-03-05&to=2026-03-01").status_code == 422


def test_files_of_others_are_not_found(world: World) -> None:
    other = World()
    client = person(other)
    for path in ("users", "numbers", "ledger", "balances", "audit"):
        assert client.get(f"{at(world, path)}.csv").status_code == 404, path
    for path in ("subscriptions", "balances", "phone-usage"):
        assert client.get(f"/customers/{world.tenant.id}/{path}.xlsx").status_code == 404, path
    assert client.get(f"{at(world, 'users')}.pdf").status_code == 404


LISTS = (
    "/subscriptions/{subscription}/users",
    "/subscriptions/{subscription}/numbers",
    "/subscriptions/{subscription}/balances",
    "/subscriptions/{subscription}/entries",
    "/numbers",
    "/number-ranges",
    "/organizations",
    "/subscriptions",
    "/orders",
    "/reports/licenses",
    "/reports/phone-usage",
)


@pytest.mark.parametrize("path", LISTS)
def test_lists_of_the_api_are_files(world: World, path: str) -> None:
    [number] = equip(world, 1, 1)
    linked(world, created(world, "ann"), number)
    sku = Sku.objects.unscoped("test").get(group=world.group, code="fr-geographic")
    where = path.format(subscription=world.subscription.id)
    if path == "/number-ranges":
        assert answer(world.call("GET", where))["items"], sku
    listed: Any = world.call("GET", where)
    items = orjson.loads(b"".join(listed))["items"]
    for format in ("csv", "xlsx"):
        response: Any = world.call("GET", f"{where}?format={format}")
        assert response.status_code == 200, response.content
        content = b"".join(response)
        assert not content.startswith(b"\xef\xbb\xbf"), "programs read it"
        rows = read(content, format)
        assert len(rows) >= len(items) > 0
        if "e164" in rows[0]:
            assert number in [row["e164"] for row in rows]
    if "balances" not in path and "reports" not in path:
        before = world.fingerprint()
        refused = world.call("GET", f"{where}?format=csv&limit=5")
        assert refused.status_code == 422 and "whole list" in answer(refused)["detail"]
        accepted: Any = world.call("GET", where, headers={"Accept": "text/csv"})
        assert accepted.headers["Content-Type"].startswith("text/csv")
        accepted.close()
        assert world.fingerprint() == before


def test_an_order_has_a_row_for_each_line(world: World) -> None:
    placed(world, line(world.seat, 3))
    response: Any = world.call("GET", "/orders?format=csv")
    (row,) = read(b"".join(response), "csv")
    assert (row["product_code"], row["quantity"]) == (world.seat.code, "3")
