"""The newcomer's first half hour, in a real browser on a real `fusion demo`.

`docs/first-steps.md` describes the same steps. `make pictures` writes its pictures anew from here.
"""

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.bounds import PATIENCE
from tests.browser.browsing import SCREENSHOTS
from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.demo.running import Demo

PICTURES = Path(os.environ.get("FUSION_TEST_PICTURES", SCREENSHOTS))
"""The folder for the pictures of the guide."""


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
            color_scheme="light",
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
    """Take the guide's picture of that name."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"first-{name}.png")


def test_the_newcomer(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_text("Demo accounts")).to_be_visible()
    picture(page, "sign-in")
    sign_in(page, "Group · Administrator")
    users = page.locator(".stat", has_text="User").first.inner_text()
    picture(page, "overview")

    # The product: one user licence and one Belgian geographic number.
    page.get_by_role("link", name="Products", exact=True).click()
    page.get_by_role("link", name="New product").click()
    page.get_by_label("Code").fill("desk-be")
    page.get_by_label("Name", exact=True).fill("Desk in Belgium")
    lines = page.locator(".line")
    lines.nth(0).get_by_label("Licence or number type").fill("User licence")
    page.get_by_role("button", name="Add a line").click()
    expect(lines).to_have_count(2)
    lines.nth(1).get_by_label("Licence or number type").fill("Belgian geographic number")
    picture(page, "product")
    page.get_by_role("button", name="Add the product").click()
    expect(page.get_by_text("The product was added.")).to_be_visible()

    # A customer of one's own, with a subscription.
    page.get_by_role("link", name="Customers", exact=True).click()
    page.get_by_role("link", name="Add", exact=True).click()
    page.get_by_label("Customer").check()
    page.get_by_label("Name", exact=True).fill("Lindenhof Bakery")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("link", name="Add the first one").click()
    page.get_by_label("Name", exact=True).fill("Bakery and shop")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("The subscription was added.")).to_be_visible()
    subscription = page.url.split("?")[0]

    # Five of it are ordered; what it changes stands beside the form.
    _open_orders(page)
    page.get_by_role("link", name="New order").click()
    page.get_by_label("Customer, subscription").fill("linden")
    page.get_by_role("link", name="Lindenhof Bakery").click()
    page.get_by_label("Product").fill("Desk in Belgium")
    page.get_by_label("Quantity").fill("5")
    expect(page.locator("#preview")).to_contain_text("You can place this order")
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
    page.get_by_role("link", name="Assign numbers").first.click()
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
    expect(page.get_by_text("The user now has the number +32")).to_be_visible()
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
    expect(refusal).to_contain_text("5 ordered, 5 in use, 1 requested; 1 is missing")
    expect(page.get_by_role("link", name="Order").last).to_be_visible()
    picture(page, "refused")


def test_asking_for_more(page: Page) -> None:
    """A customer asks, the provider's agent finds it and reads of it in an e-mail."""
    sign_in(page, "Customer · Administrator")
    page.get_by_role("link", name="Request more").first.click()
    page.get_by_label("Product").fill("Team of ten, Belgium")
    page.get_by_label("Quantity").fill("3")
    page.get_by_role("button", name="Send the request").click()
    expect(page.get_by_text("Your request was sent.")).to_be_visible()
    wanted = page.url.split("?")[0]

    page.context.clear_cookies()
    sign_in(page, "Group · Agent")
    page.get_by_role("link", name="Order requests").first.click()
    page.locator("main tbody").get_by_role("link", name="Bramblewick Bakeries").first.click()
    assert page.url.split("?")[0] == wanted
    page.get_by_role("link", name="Review and approve").click()
    page.get_by_role("button", name="Approve and order").click()
    expect(page.locator("main")).to_contain_text("Approved")
    assert link_of_mail(page, "jonas.weatherby@meridian.example.com", "requests more") == wanted


def test_the_invitation(page: Page) -> None:
    """It can be read where the demonstration shows its e-mails; its link makes a member."""
    sign_in(page, "Group · Administrator")
    page.get_by_role("link", name="Customers", exact=True).click()
    page.get_by_role("link", name="Harrowgate Freight").click()
    page.get_by_role("link", name="Members", exact=True).click()
    page.get_by_role("link", name="Invite").first.click()
    page.get_by_label("E-mail").fill("lena@harrowgate.example")
    page.get_by_role("button", name="Send the invitation").click()
    expect(page.get_by_text("Copy the invitation link").first).to_be_visible()
    link = link_of_mail(page, "lena@harrowgate.example")

    page.context.clear_cookies()
    page.goto(link)
    page.get_by_label("Your name").fill("Lena Freight")
    page.get_by_label("Password", exact=True).fill("a long way to Antwerp")
    page.get_by_label("Password, once more").fill("a long way to Antwerp")
    page.get_by_role("button", name="Accept the invitation").click()
    expect(page.get_by_role("heading", name="Licences")).to_be_visible()
    expect(page.get_by_role("banner")).to_contain_text("Harrowgate Freight")


def sign_in(page: Page, who: str) -> None:
    """Choose one of the log-ins that the sign-in page lists."""
    page.goto("/")
    page.get_by_role("button", name=who).first.click()
    expect(page.get_by_role("heading", name="Licences")).to_be_visible()


def link_of_mail(page: Page, email: str, words: str = "") -> str:
    """The link of the newest e-mail to this address with these words, once the worker has handed
    it over.
    """
    mail = page.locator("article", has_text=email).filter(has_text=words).first
    deadline = time.monotonic() + PATIENCE
    page.goto("/demonstration/mails")
    while not mail.count():
        assert time.monotonic() < deadline, f"no e-mail to {email}"
        page.wait_for_timeout(500)
        page.reload()
    return mail.get_by_role("link").first.get_attribute("href") or ""


def ordered(figures: str) -> int:
    """What a card of the overview says is ordered."""
    words = figures.replace(",", "").split()
    return int(words[words.index("of") + 1])


def _open_orders(page: Page) -> None:
    """The menu's entry also says how many have failed."""
    menu = page.get_by_role("navigation", name="Main")
    menu.get_by_role("link", name=re.compile(r"^Orders\b")).click()
