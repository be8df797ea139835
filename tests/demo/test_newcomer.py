"""The newcomer's first half hour, in a real browser on a real `fusion demo`.

`docs/first-steps.md` tells the same, with the pictures that are taken here.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.browser.browsing import SCREENSHOTS
from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.demo.running import Demo
from tests.server import free_port

READY = "Ctrl-C stops everything"


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    """A demonstration of its own."""
    with tempfile.TemporaryDirectory(prefix="fusion-newcomer-") as name:
        Path(name).chmod(0o755)
        running = Demo(Path(name), free_port()).wait_for(READY)
        yield running
        running.stop()


@pytest.fixture
def page(demo: Demo) -> Iterator[Page]:
    """A window on it; nothing may be asked of another host, and nothing may go wrong behind it."""
    faults: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(
            base_url=f"http://127.0.0.1:{demo.port}",
            viewport={"width": 1280, "height": 800},
            reduced_motion="reduce",
        )
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on(
            "request",
            lambda request: (
                None if f"127.0.0.1:{demo.port}" in request.url else faults.append(request.url)
            ),
        )
        yield page
        browser.close()
    assert faults == []


def picture(page: Page, name: str) -> None:
    """What stands in the guide."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"newcomer-{name}.png")


def test_the_newcomer(page: Page) -> None:
    # A log-in of the list: an administrator of the provider.
    page.goto("/")
    expect(page.get_by_text("Log-ins of this demonstration")).to_be_visible()
    picture(page, "sign-in")
    page.get_by_role("button", name="Group · Administrator").first.click()
    expect(page.get_by_role("heading", name="Licences")).to_be_visible()
    users = page.locator(".stat", has_text="User").first.inner_text()
    picture(page, "overview")

    # The product: one user licence and one Belgian geographic number.
    page.get_by_role("link", name="Products", exact=True).click()
    page.get_by_role("link", name="New product").click()
    page.get_by_label("Code").fill("desk-be")
    page.get_by_label("Name").fill("Desk in Belgium")
    lines = page.locator(".line")
    lines.nth(0).get_by_label("Licence or number type").select_option("user")
    page.get_by_role("button", name="Add a line").click()
    expect(lines).to_have_count(2)
    lines.nth(1).get_by_label("Licence or number type").select_option("be-geographic")
    picture(page, "product")
    page.get_by_role("button", name="Add the product").click()
    expect(page.get_by_text("The product was added.")).to_be_visible()

    # A customer of one's own, with a subscription.
    page.get_by_role("link", name="Customers", exact=True).click()
    page.get_by_role("link", name="Add", exact=True).click()
    page.get_by_label("Customer").check()
    page.get_by_label("Name").fill("Lindenhof Bakery")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("link", name="Add the first one").click()
    page.get_by_label("Name").fill("Bakery and shop")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("The subscription was added.")).to_be_visible()
    subscription = page.url.split("?")[0]

    # Five of it are ordered; what it changes stands beside the form.
    page.get_by_role("link", name="Orders", exact=True).first.click()
    page.get_by_role("link", name="New order").click()
    page.get_by_label("Customer, subscription").fill("linden")
    page.get_by_role("link", name="Lindenhof Bakery").click()
    page.get_by_label("Product").select_option(label="Desk in Belgium (desk-be)")
    page.get_by_label("Quantity").fill("5")
    expect(page.locator("#preview")).to_contain_text("This can be placed")
    expect(page.locator("#preview")).to_contain_text("+5")
    picture(page, "order")
    page.get_by_role("button", name="Place the order").click()
    expect(page.get_by_text("was placed.")).to_be_visible()

    # The overview has grown.
    page.get_by_role("link", name="Overview", exact=True).click()
    grown = page.locator(".stat", has_text="User").first.inner_text()
    assert ordered(grown) == ordered(users) + 5

    # Five numbers are taken, and a user is linked to the first.
    page.goto(subscription)
    page.get_by_role("link", name="Numbers", exact=True).last.click()
    page.get_by_role("link", name="Take numbers").first.click()
    page.get_by_label("Number type").select_option("be-geographic")
    page.get_by_label("How many").fill("5")
    page.get_by_role("button", name="Take", exact=True).click()
    expect(page.locator("tbody tr")).to_have_count(5)
    page.goto(f"{subscription}/users")
    page.get_by_role("link", name="Add a user").first.click()
    page.get_by_label("Login").fill("ada@lindenhof.example")
    page.get_by_label("Name", exact=True).fill("Ada Baker")
    page.get_by_role("button", name="Add the user").click()
    page.locator(".head").get_by_role("link", name="number").click()
    page.locator(".found button").first.click()
    expect(page.get_by_text("The user has the number +32")).to_be_visible()
    page.goto(subscription)
    expect(page.locator(".stat", has_text="User").first).to_contain_text("1")
    picture(page, "subscription")

    # The sixth number is refused, and it is said what would help.
    page.goto(f"{subscription}/numbers/take")
    page.get_by_label("Number type").select_option("be-geographic")
    page.get_by_label("How many").fill("1")
    page.get_by_role("button", name="Take", exact=True).click()
    refusal = page.locator("#errors")
    expect(refusal).to_be_focused()
    expect(refusal).to_contain_text("Nothing was changed")
    expect(refusal).to_contain_text("5 ordered, 5 in use, 1 asked for; 1 is missing")
    expect(page.get_by_role("link", name="Order").last).to_be_visible()
    picture(page, "refused")


def ordered(figures: str) -> int:
    """What a card of the overview says is ordered."""
    words = figures.replace(",", "").split()
    return int(words[words.index("of") + 1])
