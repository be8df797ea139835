"""A new metric is one entry of the registry: everything else derives from it."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from fusion.access.actor import AGENT, VIEWER
from fusion.catalogue.install_metrics import install_metrics
from fusion.catalogue.metrics import METRICS, Metric, licenses
from fusion.catalogue.models import Product, Sku
from fusion.kernel.clock import now
from fusion.lifecycle.create_group import create_group
from fusion.reporting.overview import Moment, totals
from fusion.reporting.rollup import refresh
from tests.concurrency.actors import rows
from tests.ordering.placing import line, place, placed
from tests.owner import as_owner
from tests.portal.people import make_person, signed_in
from tests.reporting.test_reports import report as read_report
from tests.trunks.calling import admitted, order_channels, trunk_id
from tests.world import World, answer

ROOT = Path(__file__).resolve().parents[2]

RECORDING = Metric(
    code="recording",
    license=("recording", "Call recording"),
    page="subscriptions-users",
    meaning="One recorded user",
)


@pytest.fixture
def recording(world: World, monkeypatch: pytest.MonkeyPatch) -> Sku:
    """The SKU of a metric that is registered after the group was created."""
    monkeypatch.setitem(METRICS, RECORDING.code, RECORDING)
    with as_owner():
        assert install_metrics() > 0
        assert install_metrics() == 0, "every group has it"
    return Sku.objects.visible_to(world.actor()).get(metric="recording")


@pytest.fixture
def product(world: World, recording: Sku) -> Product:
    """A product of two recordings."""
    return world.product("recorder", {recording: 2})


def consume(world: World, sku: Sku, *holders: str) -> None:
    """What the metric's consuming verb does."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ledger_consume(%s, %s, %s, 'recording', %s, 'client:test')",
            [world.group.id, world.subscription.id, sku.id, list(holders)],
        )
        assert cursor.fetchone() == (None,)


def figures(granted: int, used: int) -> dict[str, Any]:
    """The balance in responses."""
    return {
        "sku": "recording",
        "type": "license",
        "metric": "recording",
        "granted": granted,
        "used": used,
        "available": granted - used,
    }


def html(response: Any) -> str:
    """A page without the blanks around its tags."""
    return re.sub(r" ?([<>]) ?", r"\1", " ".join(response.content.decode().split()))


def test_the_guide_lists_every_metric() -> None:
    text = (ROOT / "docs" / "domain" / "sku.md").read_text(encoding="utf-8")
    for metric in METRICS.values():
        sku = f"licence `{metric.license[0]}`" if metric.license else "entitlements"
        counted = "live calls" if metric.live else "entries of the ledger"
        assert re.search(rf"^\| `{metric.code}` \| {sku} \| .* \| {counted} \|$", text, re.M)


def test_sql_has_the_registry() -> None:
    found = rows("SELECT code, live FROM catalogue_metric WHERE code <> 'recording'", [])
    assert dict(found) == {metric.code: metric.live for metric in METRICS.values()}


def test_an_existing_group_gets_the_sku(world: World, recording: Sku) -> None:
    listed = answer(world.call("GET", "/skus"))["items"]
    assert {
        "id": str(recording.id),
        "code": "recording",
        "name": "Call recording",
        "type": "license",
        "metric": "recording",
        "country": None,
        "number_type": None,
        "external_reference": None,
    } in listed
    records = rows(
        "SELECT actor, verb FROM tenancy_auditrecord WHERE object_id = %s", [str(recording.id)]
    )
    assert records == [("system:migrate", "sku.create")]
    page = signed_in(make_person((world.group, VIEWER))).get("/products/skus").content.decode()
    assert "Call recording" in page and "One recorded user" in page


def test_a_new_group_gets_the_sku(recording: Sku) -> None:
    group = create_group(name="Later").body
    found = rows("SELECT metric, code FROM catalogue_sku WHERE group_id = %s", [group["id"]])
    assert ("recording", "recording") in found and len(found) == len(list(licenses()))


def test_an_entitlement_may_have_the_code_already(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for code in ("recording", "recording-2"):
        world.sku(code, "entitlement", "number", "BE", "mobile")
    monkeypatch.setitem(METRICS, RECORDING.code, RECORDING)
    with as_owner():
        install_metrics()
    sku = Sku.objects.visible_to(world.actor()).get(metric="recording")
    assert (sku.code, sku.name) == ("recording-3", "Call recording")


def test_balances_and_orders(world: World, recording: Sku, product: Product) -> None:
    order = placed(world, line(product, 3))
    assert order["changes"] == [{"sku": "recording", "granted_delta": 6}]
    consume(world, recording, "a", "b")
    path = f"/subscriptions/{world.subscription.id}"
    assert answer(world.call("GET", f"{path}/balances"))["items"] == [
        figures(6, 2) | {"pending": []}
    ]
    at = answer(world.call("GET", f"{path}/balances?at={now():%Y-%m-%dT%H:%M:%S.%fZ}"))
    assert at["items"] == [figures(6, 2)]
    first = answer(world.call("GET", f"{path}/entries"))["items"][0]
    assert first["holder"] == {"type": "recording", "id": "b"}
    response = place(world, line(product, 3, "remove"))
    (refusal,) = answer(response)["refusals"]
    assert (refusal["sku"], refusal["used"]) == ("recording", 2)


def test_overview_and_reports(world: World, recording: Sku, product: Product) -> None:
    placed(world, line(product))
    consume(world, recording, "a", "b")
    assert answer(world.call("GET", "/licenses"))["items"] == [figures(2, 2)]
    report = read_report(world, "/reports/licenses")
    assert report["totals"] == [figures(2, 2)]
    assert [row["metric"] for row in report["items"]] == ["recording"]
    refresh(0)
    for rolled in (True, False):
        assert totals(world.reseller, Moment(now(), rolled)) == [figures(2, 2)]


def test_pages(world: World, recording: Sku, product: Product) -> None:
    placed(world, line(product))
    consume(world, recording, "a", "b")
    client = signed_in(make_person((world.group, VIEWER)))
    overview = html(client.get("/"))
    assert (
        '<th class="num">Call recording</th>' in overview
        and 'data-l="Call recording">2 / 2' in overview
    )
    url = f"/subscriptions/{world.subscription.id}"
    detail = html(client.get(url))
    assert f'<a href="{url}/users">Call recording</a>' in detail and "of 2 in use" in detail


def test_the_preview_of_an_order_links_to_its_users_and_numbers(
    world: World, recording: Sku, product: Product
) -> None:
    order = placed(world, line(product))
    consume(world, recording, "a")
    client = signed_in(make_person((world.group, AGENT)))
    url = f"/orders/{order['id']}/reverse"
    page = html(client.get(url, follow=True))
    users = f"/subscriptions/{world.subscription.id}/users"
    assert f'<li><a href="{users}">Call recording</a></li>' in page


def test_servers_of_the_previous_release_read_the_usage(
    world: World, recording: Sku, product: Product
) -> None:
    placed(world, line(product))
    consume(world, recording, "a")
    order_channels(world, 2)
    admitted(world, trunk_id(world), "one")
    used = rows(
        "SELECT sku, ledger_used(b) FROM ledger_balance b WHERE subscription_id = %s ORDER BY 1",
        [world.subscription.id],
    )
    assert used == [("recording", 1), ("sip-channel", 1)]
