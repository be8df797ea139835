"""Orders, as a back-office agent places, finds and cancels them in a browser."""

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from fusion.access.actor import AGENT
from fusion.kernel.clock import now
from fusion.lifecycle.apply_due import apply_due_orders
from fusion.ordering.models import Order
from tests.browser.browsing import Tab, new_tab
from tests.browser.conftest import SignIn
from tests.browser.scene import Scene
from tests.numbers.stock import assigned, entitle, stock
from tests.ordering.placing import balances, fall_due, line, placed
from tests.portal.people import open_session
from tests.server import Server
from tests.world import make_organization, make_subscription


@pytest.fixture
def own(sign_in: SignIn) -> tuple[Scene, Tab]:
    """A provider of the test's own, and a tab of one of its agents."""
    scene = Scene()
    return scene, sign_in(user=scene.person("group", AGENT))


def count(scene: Scene) -> int:
    """How many orders there are."""
    return Order.objects.visible_to(scene.world.actor()).count()


def fill_line(tab: Tab, position: int, action: str, product: str, quantity: int) -> None:
    """Fill in a line of the form."""
    row = tab.page.locator(".line").nth(position)
    row.get_by_label("What", exact=True).select_option(action)
    row.get_by_label("Product").fill(product)
    row.get_by_label("Quantity").fill(str(quantity))


def test_find_the_customer_preview_and_place_once(own: tuple[Scene, Tab]) -> None:
    scene, tab = own
    page = tab.page
    tenant = make_organization("tenant", scene.world.reseller, name="Zwölfer & <b>Sohn</b>")
    subscription = make_subscription(tenant, "Lager Süd")
    scene.world.product("trunk", {scene.world.channel_sku: 10})
    before = count(scene)
    tab.go("/orders")
    page.get_by_role("link", name="New order").click()
    page.get_by_label("Customer, subscription").press_sequentially("lag zwöl", delay=20)
    expect(page.get_by_text("No subscription matches")).to_be_visible()
    page.get_by_label("Customer, subscription").fill("lager")
    page.get_by_role("link", name="Zwölfer & <b>Sohn</b>").click()
    expect(page.get_by_text("Fill in the lines")).to_be_visible()
    fill_line(tab, 0, "add", "seat (seat)", 5)
    expect(page.locator("#preview tr", has_text="be-geographic")).to_contain_text("+5")
    page.get_by_role("button", name="Add a line").click()
    fill_line(tab, 1, "remove", "trunk (trunk)", 1)
    expect(page.locator("#preview")).to_contain_text("You cannot place this order now")
    expect(page.locator("#preview")).to_contain_text("holds 0 of product trunk")
    tab.screenshot("order-preview-refused")
    fill_line(tab, 1, "add", "trunk (trunk)", 1)
    expect(page.locator("#preview")).to_contain_text("You can place this order")
    tab.screenshot("order-preview")
    page.get_by_label("Billing reference").fill("PO-1 <i>")
    page.get_by_role("button", name="Place the order").dblclick()
    expect(page.get_by_text("was placed.")).to_be_visible()
    expect(page.get_by_text("PO-1 <i>")).to_be_visible()
    expect(page.locator("code", has_text="order.completed")).to_be_visible()
    assert count(scene) == before + 1
    assert balances(scene.world, subscription)["user"][0] == 5
    page.go_back()
    page.get_by_role("button", name="Place the order").click()
    expect(page.locator(".toast, #errors")).to_contain_text("already")
    assert count(scene) == before + 1


def test_a_refusal_lists_users_and_numbers_to_release(own: tuple[Scene, Tab]) -> None:
    scene, tab = own
    page = tab.page
    world = scene.world
    subscription = make_subscription(world.tenant, "Full house")
    entitle(world, 2, subscription)
    numbers = stock(world, 2)
    assigned(world, *numbers, subscription=subscription)
    tab.go(f"/orders/new?subscription={subscription.id}")
    product = "entitlement-fr-geographic"
    fill_line(tab, 0, "remove", f"{product} ({product})", 1)
    preview = page.locator("#preview")
    expect(preview).to_contain_text("2 ordered, 2 in use. To remove 1, release 1 first.")
    expect(preview.get_by_role("link", name=numbers[0])).to_be_visible()
    before = count(scene)
    page.get_by_role("button", name="Place the order").click()
    expect(page.locator("#errors")).to_be_focused()
    expect(page.locator("#errors")).to_contain_text("The order was refused")
    expect(page.locator("#errors")).to_contain_text("release 1 first")
    expect(preview.get_by_role("link", name=numbers[0])).to_be_visible()
    assert tab.violations() == []
    tab.screenshot("order-refused")
    assert count(scene) == before
    preview.get_by_role("link", name=numbers[0]).click()
    expect(page.locator(".head")).to_contain_text(numbers[0])
    assert tab.path == f"/subscriptions/{subscription.id}/numbers/{numbers[0]}"


def test_schedule_and_cancel(own: tuple[Scene, Tab]) -> None:
    scene, tab = own
    page = tab.page
    tab.go(f"/orders/new?subscription={scene.ids['subscription']}")
    fill_line(tab, 0, "add", "seat (seat)", 1)
    page.get_by_label("When it takes effect").fill("2020-01-01T10:00")
    page.get_by_role("button", name="Place the order").click()
    expect(page.locator("#errors")).to_contain_text("Must be at most 24 hours in the past")
    later = (now() + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M")
    page.get_by_label("When it takes effect").fill(later)
    page.get_by_role("button", name="Place the order").click()
    expect(page.get_by_text("was scheduled.")).to_be_visible()
    page.get_by_role("button", name="Cancel the order").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel the order").click()
    expect(page.get_by_text("The order was cancelled.")).to_be_visible()
    expect(page.get_by_role("button", name="Cancel the order")).to_have_count(0)


def test_preview_of_a_date(own: tuple[Scene, Tab]) -> None:
    scene, tab = own
    page, world = tab.page, scene.world
    subscription = make_subscription(world.tenant, "Plans ahead")
    placed(world, line(world.seat, 20), subscription=subscription)
    for days, change in ((3, line(world.seat, 15, "remove")), (9, line(world.seat, 90, "remove"))):
        date = (now() + timedelta(days=days)).isoformat()
        placed(world, change, subscription=subscription, effective_at=date)
    tab.go(f"/orders/new?subscription={subscription.id}")
    fill_line(tab, 0, "remove", "seat (seat)", 8)
    preview = page.locator("#preview")
    expect(preview).to_contain_text("You can place this order")
    for days, said, name in (
        (2, "this order can be carried out", "order-on-a-date"),
        (5, "this order could not be carried out", "order-on-a-date-refused"),
        (10, "it is uncertain", "order-on-a-date-uncertain"),
    ):
        field = page.get_by_label("When it takes effect")
        field.fill((now() + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M"))
        field.blur()
        expect(preview).to_contain_text(said)
        tab.screenshot(name)
    assert tab.violations() == []


def test_set_what_is_held(own: tuple[Scene, Tab]) -> None:
    scene, tab = own
    page = tab.page
    world = scene.world
    subscription = make_subscription(world.tenant, "Grows")
    placed(world, line(world.seat, 20), subscription=subscription)
    later = (now() + timedelta(days=3)).isoformat()
    placed(world, line(world.seat, 1), subscription=subscription, effective_at=later)
    tab.go(f"/orders/new?subscription={subscription.id}")
    fill_line(tab, 0, "set", "seat (seat)", 25)
    preview = page.locator("#preview")
    expect(preview).to_contain_text("Held now")
    expect(preview.get_by_role("row", name="seat 20 25")).to_be_visible()
    expect(preview).to_contain_text("They were not counted: order")
    tab.screenshot("order-set")
    fill_line(tab, 0, "add", "seat (seat)", 0)
    expect(page.get_by_label("Quantity")).to_have_value("0")
    page.get_by_role("button", name="Place the order").click()
    expect(page.locator(".line")).to_contain_text("greater than or equal to 1")
    fill_line(tab, 0, "set", "seat (seat)", 0)
    page.get_by_role("button", name="Place the order").click()
    expect(page.get_by_text("was placed.")).to_be_visible()
    expect(page.locator("tbody tr").first).to_contain_text("20 before")
    tab.screenshot("order-set-placed")
    assert tab.violations() == []
    assert "user" not in balances(world, subscription)  # it is only scheduled


def test_take_an_order_back(own: tuple[Scene, Tab]) -> None:
    scene, tab = own
    page = tab.page
    subscription = make_subscription(scene.world.tenant, "By mistake")
    order = placed(scene.world, line(scene.world.seat, 4), subscription=subscription)
    tab.go(f"/orders/{order['id']}")
    page.get_by_role("link", name="Take it back").click()
    changes = page.get_by_role("region", name="What it changes")
    expect(changes.get_by_text("You can place this order")).to_be_visible()
    expect(changes).to_contain_text("-4")
    assert tab.violations() == []
    tab.resize(1200)
    note, effect = page.get_by_label("Note").bounding_box(), changes.bounding_box()
    assert note and effect and note["x"] + note["width"] <= effect["x"]
    page.get_by_label("Note").fill("Ordered by mistake")
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_text("was placed.")).to_be_visible()
    assert balances(scene.world, subscription)["user"][0] == 0
    page.get_by_role("link", name=f"Order {order['number']}").click()
    expect(page.get_by_text("Taken back by")).to_be_visible()
    expect(page.get_by_role("link", name="Take it back")).to_have_count(0)
    tab.go(f"/orders/{order['id']}/reverse")
    expect(changes.get_by_text("was already reversed by order")).to_be_visible()
    page.get_by_role("button", name="Take it back").click()
    expect(page.locator("#errors")).to_contain_text("was already reversed by order")


def test_a_failed_order_is_placed_again(own: tuple[Scene, Tab]) -> None:
    scene, tab = own
    page = tab.page
    subscription = make_subscription(scene.world.tenant, "Too few")
    placed(scene.world, line(scene.world.seat, 1), subscription=subscription)
    later = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    less = line(scene.world.seat, 2, "remove")
    order = placed(scene.world, less, subscription=subscription, effective_at=later)
    fall_due(order)
    apply_due_orders()
    tab.go(f"/orders/{order['id']}")
    page.get_by_role("link", name="Order again").click()
    expect(page.get_by_label("What", exact=True)).to_have_value("remove")
    expect(page.get_by_label("Quantity")).to_have_value("2")
    page.get_by_label("Quantity").fill("1")
    page.get_by_role("button", name="Place the order").click()
    expect(page.get_by_text("was placed.")).to_be_visible()


def test_times_are_in_the_zone_of_the_browser(browser: Browser, server: Server) -> None:
    scene = Scene()
    context = browser.new_context(timezone_id="America/New_York")
    key = open_session(scene.person("group", AGENT))
    context.add_cookies([{"name": "session", "value": key, "url": server.url}])
    tab = new_tab(context, server)
    order = placed(scene.world, line(scene.world.seat), effective_at="2027-01-31T20:00:00Z")
    for _ in range(2):  # the first page tells the zone
        tab.go(f"/orders/{order['id']}")
    expect(tab.page.locator("main")).to_contain_text("31 Jan 2027, 15:00 EST")
    expect(tab.page.get_by_text("Times are in America/New_York.")).to_be_visible()
    tab.go("/account")
    tab.page.get_by_label("Time zone").select_option("Europe/Brussels")
    tab.page.get_by_role("button", name="Save").click()
    tab.go(f"/orders/{order['id']}")
    expect(tab.page.locator("main")).to_contain_text("31 Jan 2027, 21:00 CET")
    context.close()


def test_filters_and_csv(own: tuple[Scene, Tab], tmp_path: Path) -> None:
    scene, tab = own
    page = tab.page
    world = scene.world
    tenant = make_organization("tenant", world.distributor, name="=Formula Ltd")
    subscription = make_subscription(tenant, "Only one")
    trunk = world.product("trunk", {world.channel_sku: 10})
    order = placed(world, line(trunk, 2), subscription=subscription, external_reference="REF/77")
    tab.go("/orders")
    rows = page.locator("tbody tr:not(.more)")
    search = page.get_by_label("Number, reference or customer")
    for text in ("REF/77", str(order["number"]), "formul only", "formula"):
        search.fill(text)
        if text == "formul only":
            expect(page.get_by_text("No order matches")).to_be_visible()
            continue
        expect(rows).to_have_count(1)
        expect(rows).to_contain_text("=Formula Ltd")
    search.fill("")
    expect(rows.nth(1)).to_be_visible()
    page.get_by_label("State").select_option("scheduled")
    expect(rows).to_have_count(3)  # one of products, two of the subscription's state
    page.get_by_label("State").select_option("")
    page.get_by_label("Product").select_option(label="trunk")
    expect(rows).to_have_count(1)
    page.get_by_label("Placed from").fill((now() + timedelta(days=2)).strftime("%Y-%m-%d"))
    expect(page.get_by_text("No order matches")).to_be_visible()
    page.get_by_label("Placed from").fill(now().strftime("%Y-%m-%d"))
    page.get_by_label("Placed until").fill(now().strftime("%Y-%m-%d"))
    expect(rows).to_have_count(1)
    address = tab.path
    tab.go(address)
    expect(rows).to_have_count(1)
    with page.expect_download() as started:
        page.get_by_role("link", name="CSV", exact=True).click()
    file = tmp_path / "orders.csv"
    started.value.save_as(file)
    with file.open(encoding="utf-8-sig", newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert (row["number"], row["product_code"], row["quantity"]) == (
        str(order["number"]),
        "trunk",
        "2",
    )
    assert row["tenant_name"] == "'=Formula Ltd"


def test_without_javascript(browser: Browser, server: Server) -> None:
    scene = Scene()
    context = browser.new_context(java_script_enabled=False)
    key = open_session(scene.person("group", AGENT))
    context.add_cookies([{"name": "session", "value": key, "url": server.url}])
    tab = new_tab(context, server)
    page = tab.page
    tab.go("/orders/new")
    page.get_by_label("Customer, subscription").fill("gemeinschafts")
    page.get_by_role("button", name="Search").click()
    page.locator(".pick a").first.click()
    page.get_by_role("button", name="Add a line").click()
    expect(page.locator(".line")).to_have_count(2)
    page.get_by_role("button", name="Remove line 2").click()
    fill_line(tab, 0, "add", "seat (seat)", 3)
    before = count(scene)
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#preview")).to_contain_text("You can place this order")
    assert count(scene) == before
    page.get_by_role("button", name="Place the order").click()
    expect(page.get_by_text("was placed.")).to_be_visible()
    assert count(scene) == before + 1
    context.close()
    assert tab.faults == []
