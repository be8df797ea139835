"""What all pages lean on: forms that are sent once, lists that go on in place, and both without
JavaScript; and how much goes over the wire."""

import pytest
from playwright.sync_api import Browser, Response, expect

from fusion.access.actor import ADMINISTRATOR
from fusion.branding.models import Brand
from tests.browser.browsing import Tab, new_tab
from tests.browser.conftest import SignIn
from tests.browser.scene import Scene
from tests.numbers.stock import entitle
from tests.portal.people import make_person, open_session
from tests.server import Server
from tests.world import make_subscription

FIRST, LATER = 120_000, 30_000
"""Bytes over the wire of a first visit, and of those after it."""


@pytest.fixture
def own(sign_in: SignIn) -> tuple[Scene, Tab]:
    """A provider of the test's own, and a tab of its administrator."""
    scene = Scene()
    return scene, sign_in(user=scene.person())


def revision(scene: Scene) -> int:
    """How often the brand was changed."""
    return Brand.objects.get(group=scene.world.group).revision


def test_double_click_and_back_button(own: tuple[Scene, Tab]) -> None:
    scene, tab = own
    page = tab.page
    tab.go("/brand/edit")
    page.get_by_label("Name").fill("Twice")
    page.get_by_role("button", name="Save").dblclick()
    expect(page.get_by_text("The brand was changed.")).to_be_visible()
    assert revision(scene) == 1
    expect(page.locator(".side .brand")).to_contain_text("Twice")
    page.go_back()
    page.get_by_label("Name").fill("Twice")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("This was done before")).to_be_visible()
    assert revision(scene) == 1
    page.go_back()
    page.get_by_label("Name").fill("Other")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#errors")).to_be_focused()
    expect(page.locator("#errors")).to_contain_text("already sent")
    assert revision(scene) == 1
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The brand was changed.")).to_be_visible()
    assert revision(scene) == 2


def test_errors_are_shown_beside_the_field(own: tuple[Scene, Tab]) -> None:
    _, tab = own
    page = tab.page
    tab.go("/brand/edit")
    page.get_by_label("Name").fill("Kept")
    page.get_by_label("Logo").set_input_files(
        {"name": "x.svg", "mimeType": "image/svg+xml", "buffer": b"<svg onload='alert(1)'/>"}
    )
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#errors")).to_be_focused()
    expect(page.locator("#errors")).to_contain_text("Nothing was changed")
    expect(page.get_by_label("Name")).to_have_value("Kept")
    page.locator("#errors a").click()
    expect(page.get_by_label("Logo")).to_be_focused()
    assert tab.violations() == []
    tab.screenshot("brand-refused")


def _fill(scene: Scene, count: int) -> None:
    for number in range(count):
        subscription = make_subscription(scene.world.tenant, f"Branch {number}")
        entitle(scene.world, 1, subscription)


def test_a_list_goes_on_in_place(own: tuple[Scene, Tab]) -> None:
    scene, tab = own
    _fill(scene, 52)
    page = tab.page
    path = f"/customers/{scene.world.tenant.id}"
    tab.go(path)
    before = page.locator("tbody tr:not(.more)").count()
    page.get_by_role("link", name="Show more").click()
    expect(page.get_by_text("Branch 0", exact=True)).to_be_visible()
    assert page.locator("tbody tr:not(.more)").count() > before
    assert tab.path == path
    expect(page.get_by_role("link", name="Show more")).to_have_count(0)


def test_without_javascript(browser: Browser, server: Server) -> None:
    scene = Scene()
    _fill(scene, 52)
    context = browser.new_context(java_script_enabled=False)
    key = open_session(scene.person("group", ADMINISTRATOR))
    context.add_cookies([{"name": "session", "value": key, "url": server.url}])
    tab = new_tab(context, server)
    page = tab.page
    tab.go(f"/customers/{scene.world.tenant.id}")
    page.get_by_role("link", name="Show more").click()
    expect(page.get_by_text("Branch 0", exact=True)).to_be_visible()
    tab.go("/brand/edit")
    page.get_by_label("Name").fill("No script")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".side .brand")).to_contain_text("No script")
    page.get_by_role("button", name="Account menu").click()
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    context.close()
    assert tab.faults == []


def test_weight(browser: Browser, server: Server, scene: Scene) -> None:
    context = browser.new_context()
    person = make_person((scene.world.group, ADMINISTRATOR))
    context.add_cookies([{"name": "session", "value": open_session(person), "url": server.url}])
    tab = new_tab(context, server)
    responses: list[Response] = []
    tab.page.on("response", lambda each: responses.append(each))  # noqa: PLW0108
    tab.go("/")
    tab.page.wait_for_load_state("networkidle")
    assert _weight(responses) <= FIRST
    assert any("htmx" in response.url for response in responses)
    responses.clear()
    tab.go("/account/security")
    tab.page.wait_for_load_state("networkidle")
    assert _weight(responses) <= LATER
    context.close()


def _weight(responses: list[Response]) -> int:
    sizes = [response.request.sizes() for response in responses]
    return sum(each["responseBodySize"] + each["responseHeadersSize"] for each in sizes)


def test_a_failed_fetch_is_reported(own: tuple[Scene, Tab]) -> None:
    _, tab = own
    page = tab.page
    tab.go("/customers")
    fault = page.get_by_text("Part of this page could not be loaded")
    expect(fault).to_be_hidden()
    page.route("**/customers?*", lambda route: route.abort())
    page.get_by_role("searchbox").fill("nobody")
    expect(fault).to_be_visible()
    assert tab.violations() == [] and tab.overflows() == []
    tab.screenshot("customers-unreachable")
    page.unroute("**/customers?*")
    page.get_by_role("searchbox").fill("nobody at all")
    expect(fault).to_be_hidden()
    tab.faults.clear()  # the browser's own notes of what it could not fetch
